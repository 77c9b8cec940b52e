/// Where the model works and what it may touch there, as it is told (agent-core §3.2).
package struct EnvironmentContext: Sendable, Equatable {
  package var cwd: String
  /// The base name of the user's shell, such as `bash`.
  package var shell: String
  /// `YYYY-MM-DD`
  package var currentDate: String
  /// A name of the time zone database.
  package var timeZone: String
  package var workspaceRoots: [String]
  package var permissions: Permissions

  package enum Permissions: Sendable, Equatable {
    /// No sandbox of ours.
    case disabled
    case managed([Entry])
  }

  /// What is allowed at a place. A later entry wins over an earlier one that contains it.
  package struct Entry: Sendable, Equatable {
    package var access: Access
    package var place: Place

    package init(_ access: Access, _ place: Place) {
      self.access = access
      self.place = place
    }

    package enum Access: String, Sendable { case read, write, none }

    package enum Place: Sendable, Equatable {
      case path(String)
      /// A place by its role: `:root`, `:slash_tmp`, `:tmpdir`.
      case special(String)
    }
  }

  package init(
    cwd: String, shell: String, currentDate: String, timeZone: String, workspaceRoots: [String],
    permissions: Permissions
  ) {
    self.cwd = cwd
    self.shell = shell
    self.currentDate = currentDate
    self.timeZone = timeZone
    self.workspaceRoots = workspaceRoots
    self.permissions = permissions
  }

  /// The block at the start of a thread.
  package var block: String { block(withPlace: true, withFilesystem: true) }

  /// The block that says what is new since `earlier`, or nil if nothing is.
  package func update(since earlier: EnvironmentContext) -> String? {
    guard self != earlier else { return nil }
    let placeChanged = cwd != earlier.cwd || shell != earlier.shell
    return block(
      withPlace: placeChanged,
      withFilesystem: placeChanged || workspaceRoots != earlier.workspaceRoots || permissions != earlier.permissions)
  }

  private func block(withPlace: Bool, withFilesystem: Bool) -> String {
    var lines = ["<environment_context>"]
    if withPlace {
      lines.append("  <cwd>\(ContextBlock.escaped(cwd))</cwd>")
      lines.append("  <shell>\(ContextBlock.escaped(shell))</shell>")
    }
    lines.append("  <current_date>\(ContextBlock.escaped(currentDate))</current_date>")
    lines.append("  <timezone>\(ContextBlock.escaped(timeZone))</timezone>")
    if withFilesystem { lines.append("  \(filesystem)") }
    lines.append("</environment_context>")
    return lines.joined(separator: "\n")
  }

  private var filesystem: String {
    let roots = workspaceRoots.map { "<root>\(ContextBlock.escaped($0))</root>" }.joined()
    let profile =
      switch permissions {
      case .disabled: "<permission_profile type=\"disabled\"><file_system type=\"unrestricted\" /></permission_profile>"
      case .managed(let entries):
        "<permission_profile type=\"managed\"><file_system type=\"restricted\">\(entries.map(\.element).joined())"
          + "</file_system></permission_profile>"
      }
    return "<filesystem><workspace_roots>\(roots)</workspace_roots>\(profile)</filesystem>"
  }
}

extension EnvironmentContext.Entry {
  fileprivate var element: String {
    let place =
      switch place {
      case .path(let path): "<path>\(ContextBlock.escaped(path))</path>"
      case .special(let name): "<special>\(ContextBlock.escaped(name))</special>"
      }
    return "<entry access=\"\(access.rawValue)\">\(place)</entry>"
  }
}
