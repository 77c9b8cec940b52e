/// What the sandbox allows and how to ask for more, as the model is told (agent-core §3.2).
package struct PermissionsContext: Sendable, Equatable {
  package var sandbox: Sandbox
  package var networkAccess: Bool
  /// Places besides the working folder that may be written to.
  package var writableRoots: [String]
  package var approval: Approval
  /// Beginnings of commands that the user has already allowed outside the sandbox.
  package var approvedPrefixes: [[String]]

  package enum Sandbox: String, Sendable {
    case readOnly = "read-only"
    case workspaceWrite = "workspace-write"
    case dangerFullAccess = "danger-full-access"
  }

  package enum Approval: String, Sendable {
    case untrusted
    case onFailure = "on-failure"
    case onRequest = "on-request"
    case never
  }

  package init(
    sandbox: Sandbox, networkAccess: Bool, approval: Approval, writableRoots: [String] = [],
    approvedPrefixes: [[String]] = []
  ) {
    self.sandbox = sandbox
    self.networkAccess = networkAccess
    self.approval = approval
    self.writableRoots = writableRoots
    self.approvedPrefixes = approvedPrefixes
  }

  /// No more than this many approved beginnings are listed, so that a long rule file does not fill the window.
  package static let maximumListedPrefixes = 100

  package var block: String {
    var paragraphs = [files, approvals]
    if approval == .onRequest { paragraphs.append(Self.escalation) }
    if approval != .never, !approvedPrefixes.isEmpty { paragraphs.append(prefixes) }
    return "<permissions instructions>\n\(paragraphs.joined(separator: "\n\n"))\n</permissions instructions>"
  }

  private var files: String {
    var text = "The sandbox mode is `\(sandbox.rawValue)`. "
    switch sandbox {
    case .readOnly: text += "Commands can read files and cannot change any."
    case .workspaceWrite:
      text += "Commands can read files, and can write in the working folder and in the writable places listed in the "
      text += "environment context."
      if !writableRoots.isEmpty {
        text += " Writable: \(writableRoots.map { "`\($0)`" }.joined(separator: ", "))."
      }
    case .dangerFullAccess: text += "Commands run without a sandbox and can read and write everything the user can."
    }
    return text + (networkAccess ? " They have network access." : " They have no network access.")
  }

  private var approvals: String {
    switch approval {
    case .never:
      "The approval policy is `never`: the user cannot be asked. Do not pass `sandbox_permissions`; such a call is "
        + "refused. Work within the limits above, and report what they prevented."
    case .untrusted:
      "The approval policy is `untrusted`: the user is asked before any command runs that is not known to be harmless. "
        + "This happens by itself; there is nothing to request."
    case .onFailure:
      "The approval policy is `on-failure`: commands run in the sandbox first, and when one fails there, the user is "
        + "asked whether to run it again outside. This happens by itself; there is nothing to request."
    case .onRequest:
      "The approval policy is `on-request`: commands run in the sandbox, and you may ask the user to let one run outside."
    }
  }

  private static let escalation = """
    To ask, call the tool with `sandbox_permissions` set to `require_escalated` and with a `justification`: one short \
    question that tells the user what the command is for. The user sees nothing else, so do not ask in a message first.

    Ask when a command that matters needs to write outside the writable places, needs the network (installing \
    dependencies, fetching, pushing), opens a window for the user, or failed in a way that points to the sandbox. Ask also \
    before anything that could destroy work, if the user has not already demanded it. Otherwise stay inside.

    A command line is split at `&&`, `||`, `;`, `|` and subshells, and each part is judged alone. A part that uses \
    redirections, substitutions, variables or wildcards is never covered by a rule, so keep a command that needs consent \
    plain.

    You may add `prefix_rule`: the first words of the command, such as `["npm", "test"]`, which the user can allow from now \
    on. Keep it narrow. Never propose one that would allow anything at all (an interpreter, a shell, `sudo`, `env`, `git` \
    alone), one for a command that deletes files, or one for a command that was written for a single use.
    """

  private var prefixes: String {
    let listed = approvedPrefixes.prefix(Self.maximumListedPrefixes)
      .map { words in "- `\(words.joined(separator: " "))`" }.joined(separator: "\n")
    return "Commands that begin like this already run outside the sandbox without asking:\n\(listed)"
  }
}
