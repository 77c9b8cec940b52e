import AgentCore
import AppServerProtocol
import JSON
import Testing

private func plain() -> ThreadSettings {
  ThreadSettings(
    model: "gpt-test", modelProvider: "mock", cwd: "/proj", approvalPolicy: .onRequest,
    sandbox: .readOnly(networkAccess: false))
}

private func changed(_ change: (inout ThreadSettings) -> Void) -> ThreadSettings {
  var settings = plain()
  change(&settings)
  return settings
}

/// Overrides as they come in a request.
private func overrides(_ params: JSON) throws -> TurnOverrides {
  var reader = JSONReader(params.encoded)
  var overrides = TurnOverrides()
  try reader.beginObject()
  while let key = try reader.nextKey() {
    guard try overrides.read(key, from: &reader) else {
      try reader.skip()
      continue
    }
  }
  return overrides
}

private let granular: JSON = ["mcp_elicitations": true, "rules": false, "sandbox_approval": true]

@Suite struct `Settings of a thread` {
  @Test func `take over what a turn changes and keep the rest`() throws {
    let cases: [(JSON, ThreadSettings)] = [
      ([:], plain()),
      (["model": nil, "effort": nil, "cwd": nil, "sandboxPolicy": nil], plain()),
      (["model": "gpt-other"], changed { $0.model = "gpt-other" }),
      (["effort": "high"], changed { $0.effort = "high" }),
      (["summary": "concise"], changed { $0.summary = .concise }),
      (["cwd": "/else"], changed { $0.cwd = "/else" }),
      (["approvalPolicy": "never"], changed { $0.approvalPolicy = .never }),
      (["approvalPolicy": ["granular": granular]], changed { $0.approvalPolicy = .granular(granular) }),
      (["approvalsReviewer": "auto_review"], changed { $0.approvalsReviewer = .autoReview }),
      (["serviceTier": "flex"], changed { $0.serviceTier = "flex" }),
      (["sandboxPolicy": ["type": "dangerFullAccess"]], changed { $0.sandbox = .dangerFullAccess }),
      (
        [
          "model": "lost", "effort": "lost",
          "collaborationMode": [
            "mode": "plan",
            "settings": ["model": "gpt-plan", "reasoning_effort": "low", "developer_instructions": "Plan."],
          ],
        ],
        changed {
          $0.modeKind = .plan
          $0.model = "gpt-plan"
          $0.effort = "low"
          $0.modeInstructions = "Plan."
        }
      ),
    ]
    for (params, expected) in cases {
      var settings = plain()
      settings.apply(try overrides(params))
      #expect(settings == expected, "\(params.text)")
    }
  }

  @Test func `forget the permission profile when a sandbox takes its place`() throws {
    var settings = changed { $0.permissionProfile = ":workspace" }
    settings.apply(try overrides(["model": "gpt-other"]))
    #expect(settings.permissionProfile == ":workspace")
    settings.apply(try overrides(["sandboxPolicy": ["type": "readOnly"]]))
    #expect(settings.permissionProfile == nil)
  }

  @Test func `come back from a session file as they were`() throws {
    let all: [ThreadSettings] = [
      plain(),
      changed {
        $0.model = "gpt-other"
        $0.modelProvider = "other"
        $0.cwd = "/else"
      },
      changed { $0.approvalPolicy = .granular(granular) },
      changed { $0.approvalPolicy = .onFailure },
      changed { $0.approvalsReviewer = .autoReview },
      changed { $0.sandbox = .dangerFullAccess },
      changed { $0.sandbox = .readOnly(networkAccess: true) },
      changed { $0.sandbox = .externalSandbox(networkAccess: true) },
      changed {
        $0.sandbox = .workspaceWrite(
          .init(writableRoots: ["/a"], networkAccess: true, excludeTmpdirEnvVar: true, excludeSlashTmp: true))
      },
      changed {
        $0.effort = "high"
        $0.summary = .detailed
        $0.serviceTier = "flex"
      },
      changed {
        $0.modeKind = .plan
        $0.modeInstructions = "Plan."
        $0.effort = "low"
      },
    ]
    for settings in all {
      var read = ThreadSettings(
        model: "", modelProvider: "", cwd: "", approvalPolicy: .untrusted, sandbox: .workspaceWrite(.init()))
      read.apply(stored: try written { settings.writeStoredSettings(to: &$0) })
      #expect(read == settings)
    }
  }

  @Test func `read what other versions stored, and keep what those do not say`() {
    let cases: [(JSON, ThreadSettings)] = [
      ([:], plain()),
      ("broken", plain()),
      (["model": 1, "cwd": nil, "approval_policy": "sometimes", "sandbox_policy": ["type": "new"]], plain()),
      (["cwd": "file:///with%20scheme"], changed { $0.cwd = "/with%20scheme" }),
      (["effort": "high", "summary": "none"], changed { $0.effort = "high" }),
      (["approvals_reviewer": "somebody", "collaboration_mode": ["mode": "new"]], plain()),
    ]
    for (stored, expected) in cases {
      var settings = plain()
      settings.apply(stored: stored)
      #expect(settings == expected, "\(stored.text)")
    }
  }

  @Test func `are told to those who open the thread`() throws {
    let settings = changed {
      $0.permissionProfile = ":read-only"
      $0.effort = "high"
    }
    let expected: JSON = [
      "model": "gpt-test", "modelProvider": "mock", "serviceTier": nil, "disabledPluginIds": [], "cwd": "/proj",
      "runtimeWorkspaceRoots": ["/proj"], "instructionSources": ["/proj/AGENTS.md"], "approvalPolicy": "on-request",
      "approvalsReviewer": "user", "sandbox": ["type": "readOnly", "networkAccess": false],
      "activePermissionProfile": ["id": ":read-only", "extends": nil], "reasoningEffort": "high",
      "multiAgentMode": "explicitRequestOnly",
    ]
    let sources = ["/proj/AGENTS.md"]
    #expect(
      try written { writer in
        writer.beginObject()
        settings.writeResponseMembers(instructionSources: sources, withCollaborationMode: false, to: &writer)
        writer.endObject()
      } == expected)
    var withMode = try #require(expected.objectValue)
    withMode["collaborationMode"] = [
      "mode": "default",
      "settings": ["model": "gpt-test", "reasoning_effort": "high", "developer_instructions": nil],
    ]
    #expect(
      try written { writer in
        writer.beginObject()
        settings.writeResponseMembers(instructionSources: sources, withCollaborationMode: true, to: &writer)
        writer.endObject()
      } == .object(withMode))
  }

  @Test func `are told to subscribers when they change`() throws {
    let settings = changed {
      $0.summary = .auto
      $0.serviceTier = "flex"
    }
    #expect(
      try written { settings.writeNotification(to: &$0) } == [
        "disabledPluginIds": [], "cwd": "/proj", "approvalPolicy": "on-request", "approvalsReviewer": "user",
        "sandboxPolicy": ["type": "readOnly", "networkAccess": false], "activePermissionProfile": nil,
        "model": "gpt-test", "modelProvider": "mock", "serviceTier": "flex", "effort": nil, "summary": "auto",
        "collaborationMode": [
          "mode": "default",
          "settings": ["model": "gpt-test", "reasoning_effort": nil, "developer_instructions": nil],
        ],
        "multiAgentMode": "explicitRequestOnly", "personality": nil,
      ])
  }

  @Test func `name a stored permission profile only for full access`() {
    #expect(changed { $0.sandbox = .dangerFullAccess }.storedPermissionProfile == RawJSON(["type": "disabled"]))
    #expect(plain().storedPermissionProfile == nil)
  }
}
