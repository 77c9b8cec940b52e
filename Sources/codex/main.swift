print("codex")
