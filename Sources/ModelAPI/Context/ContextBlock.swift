/// The texts that the agent itself puts into a history: facts and rules for the model, in tags that other
/// implementations use too (agent-core §3.2). The words inside are ours.
package enum ContextBlock {
  package static let aborted = """
    <turn_aborted>
    The user stopped the previous turn. Commands and other tool calls that were under way may have taken effect in part, \
    and processes in the background may still be running. Check before you rely on either.
    </turn_aborted>
    """

  /// A skill that the user named, with its instructions.
  package static func skill(name: String, path: String, body: String) -> String {
    "<skill>\n<name>\(name)</name>\n<path>\(path)</path>\n\(body)\n</skill>"
  }

  package static func collaborationMode(_ instructions: String) -> String {
    "<collaboration_mode>\(instructions)</collaboration_mode>"
  }

  package static func skills(_ instructions: String) -> String {
    "<skills_instructions>\n\(instructions)\n</skills_instructions>"
  }

  package static func userAction(_ text: String) -> String {
    "<user_action>\n\(text)\n</user_action>"
  }

  /// Whether a user message with this text was written by an agent rather than by a person. Such messages give no title
  /// or preview and do not survive a compaction. Knows the blocks of the reference too, past and present.
  package static func isContextBlock(_ text: String) -> Bool {
    let start = text.utf8.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    return openings.contains { start.starts(with: $0.utf8) }
  }

  private static let openings: [String] = [
    "<permissions instructions>",
    "<skills_instructions>",
    "<collaboration_mode>",
    AgentsInstructions.opening,
    "<INSTRUCTIONS>",
    "<environment_context>",
    "<turn_aborted>",
    "<user_action>",
    "<skill>",
    "<user_instructions>",
    "<user_shell_command>",
    "<subagent_notification>",
    "<apps_instructions>",
    "<plugins_instructions>",
    "<personality_spec>",
    "<model_switch>",
    Compaction.summaryPrefix,
    // How the reference opens its summaries.
    "Another language model started to solve this problem",
  ]

  /// Text as the content of an element: a path may contain anything.
  static func escaped(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): bytes += "&amp;".utf8
      case UInt8(ascii: "<"): bytes += "&lt;".utf8
      case UInt8(ascii: ">"): bytes += "&gt;".utf8
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
