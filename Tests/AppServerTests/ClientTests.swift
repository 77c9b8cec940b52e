import HostIO
import JSON
import TestSupport
import Testing

@Suite(.loop) struct `Two clients of one server` {
  @Test @LoopActor func `hear of all threads, but only of the turns that they subscribed to`() async throws {
    try await Scene.run { scene in
      let one = try await scene.connect("one")
      let two = try await scene.connect("two")
      let thread = try await one.startThread()
      scene.model.enqueue(.answer("Hi"), .answer("Hi again", id: "msg_2"), .answer("Bye", id: "msg_3"))
      try await two.next("thread/started")
      try await one.turn(thread)
      #expect(try await two.trace(to: "thread/status/changed") == ["thread/status/changed active"])
      #expect(try await two.trace(to: "thread/status/changed") == ["thread/status/changed idle"])

      try await two.call("thread/resume", ["threadId": .string(thread)])
      two.mark()
      // Whoever starts the turn: those who subscribed hear it.
      try await two.turn(thread)
      try await one.next("turn/completed")
      #expect(one.notifications("item/agentMessage/delta").count == 3)
      #expect(two.notifications("item/agentMessage/delta").count == 2)

      #expect(try await one.call("thread/unsubscribe", ["threadId": .string(thread)]) == ["status": "unsubscribed"])
      #expect(try await one.call("thread/unsubscribe", ["threadId": .string(thread)]) == ["status": "notSubscribed"])
      try await two.turn(thread)
      #expect(one.notifications("turn/completed").count == 2 && two.notifications("turn/completed").count == 2)
    }
  }

  @Test @LoopActor func `are not told what they opted out of`() async throws {
    try await Scene.run { scene in
      let quiet = try await scene.connect("quiet", without: ["item/agentMessage/delta", "thread/started", "no/such"])
      let loud = try await scene.connect("loud")
      let thread = try await quiet.startThread()
      try await loud.call("thread/resume", ["threadId": .string(thread)])
      scene.model.enqueue(.answer("Hi"))
      try await quiet.turn(thread)
      try await loud.next("turn/completed")
      for method in ["item/agentMessage/delta", "thread/started"] {
        #expect(quiet.notifications(method) == [] && loud.notifications(method).count == 1)
      }
      #expect(quiet.notifications("item/completed").count == 2)
    }
  }

  @Test @LoopActor func `hear of names, archives and deletions of the other`() async throws {
    try await Scene.run { scene in
      let one = try await scene.connect("one")
      let two = try await scene.connect("two")
      let thread = try await one.startThread()
      let id: JSON = ["threadId": .string(thread)]
      two.mark()
      try await one.call("thread/name/set", ["threadId": .string(thread), "name": "Mine"])
      try await one.call("thread/archive", id)
      try await one.call("thread/unarchive", id)
      try await one.call("thread/delete", id)
      #expect(
        try await two.trace(to: "thread/deleted").filter { $0 != "thread/started" } == [
          "thread/name/updated", "thread/status/changed notLoaded", "thread/archived", "thread/unarchived",
          "thread/deleted",
        ])
    }
  }

  @Test @LoopActor func `share requests about a thread in the order of their arrival`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.respond { _ in .answer("Yes") }
      try await client.turn(thread)
      try await scene.restart()
      let (one, two) = (try await scene.connect("one"), try await scene.connect("two"))
      // All at once: the thread is loaded once, and what needs it waits for that.
      one.request("thread/resume", ["threadId": .string(thread)])
      two.request("thread/resume", ["threadId": .string(thread)])
      let turn = one.request("turn/start", one.turnParams(thread, "Now"))
      #expect(try await one.result(of: turn).at("turn.status") == "inProgress")
      try await one.next("turn/completed")
      try await two.next("turn/completed")
      #expect(one.notifications("thread/status/changed").filter { $0.at("status.type") == "idle" }.count == 2)
    }
  }

  @Test @LoopActor func `of two servers cannot have one thread at a time`() async throws {
    try await Scene.run { scene in
      let client = try await scene.connect()
      let thread = try await client.startThread()
      scene.model.enqueue(.answer("Hi"))
      try await client.turn(thread)
      let other = try scene.secondServer()
      let stranger = other.connect()
      try await stranger.call("initialize", ["clientInfo": ["name": "stranger", "version": "1"]])
      #expect(
        try await stranger.refusal("thread/resume", ["threadId": .string(thread)]) == [
          "code": -32600, "message": .string("thread \(thread) already has an active writer"),
        ])
      #expect(try await stranger.call("thread/list", [:]).at("data").map("id") == [.string(thread)])
      await other.shutDown()
    }
  }
}
