/// Grows a tree of tables and holds to TOML's rules about who may define and extend which.
///
/// Tables live in one array and refer to each other by index, so that adding a key touches one table only.
struct TOMLTableBuilder: Sendable {
  private enum Slot {
    case value(TOMLNode)
    case table(Int)
    /// The elements of an array of tables, and the span of its first header.
    case tables([Int], TOMLSpan)
  }

  private struct Table {
    var form: TOMLTable.Form
    var depth: Int
    var span: TOMLSpan
    var keys: [TOMLKey] = []
    var slots: [Slot] = []
    var index: [TOMLName: Int] = [:]
  }

  /// The root is the first.
  private var tables: [Table]
  /// Where `key = value` goes: the root or the table of the last header.
  private var current = 0

  /// `depth` counts the containers from the root of the text down to this one, itself included.
  init(form: TOMLTable.Form, depth: Int, span: TOMLSpan) {
    tables = [Table(form: form, depth: depth, span: span)]
  }

  /// Nesting of the table that receives a value under a key of `length` parts.
  func depth(ofKeyWith length: Int) -> Int { tables[current].depth + length - 1 }

  // MARK: - Statements

  /// `path = node` in the current table. `path` is not empty.
  mutating func insert(_ node: TOMLNode, at path: [TOMLKey]) throws(TOMLError) {
    var table = current
    for key in path.dropLast() {
      guard let slot = slot(of: key, in: table) else {
        table = try addTable(.dotted, for: key, in: table, span: key.span)
        continue
      }
      guard case .table(let next) = slot else { throw TOMLError(.notATable(key.name), at: key.span.start) }
      switch tables[next].form {
      case .implicit: tables[next].form = .dotted
      case .dotted: break
      case .root, .header, .inline: throw TOMLError(.closedTable(key.name), at: key.span.start)
      }
      table = next
    }
    guard let last = path.last else { return }
    guard slot(of: last, in: table) == nil else { throw TOMLError(.duplicateKey(last.name), at: last.span.start) }
    add(.value(node), for: last, in: table)
  }

  /// `[path]`: the table becomes the current one. `path` is not empty.
  mutating func openTable(_ path: [TOMLKey], span: TOMLSpan) throws(TOMLError) {
    guard let last = path.last else { return }
    let parent = try parent(of: path)
    guard let slot = slot(of: last, in: parent) else {
      current = try addTable(.header, for: last, in: parent, span: span)
      return
    }
    switch slot {
    case .table(let table) where tables[table].form == .implicit:
      tables[table].form = .header
      tables[table].span = span
      current = table
    case .table, .tables: throw TOMLError(.duplicateTable(last.name), at: last.span.start)
    case .value: throw TOMLError(.duplicateKey(last.name), at: last.span.start)
    }
  }

  /// `[[path]]`: a new element becomes the current table. `path` is not empty.
  mutating func openElement(_ path: [TOMLKey], span: TOMLSpan) throws(TOMLError) {
    guard let last = path.last else { return }
    let parent = try parent(of: path)
    // The array is a level of its own.
    let depth = tables[parent].depth + 2
    guard depth <= TOMLParser.maximumDepth else {
      throw TOMLError(.tooDeep(limit: TOMLParser.maximumDepth), at: last.span.start)
    }
    let element = tables.count
    if let at = tables[parent].index[TOMLName(last.name)] {
      guard case .tables(var elements, let first) = tables[parent].slots[at] else {
        throw TOMLError(.notAnArrayOfTables(last.name), at: last.span.start)
      }
      // Emptied first: the array must have one owner while it grows, or each element would copy it.
      tables[parent].slots[at] = .tables([], first)
      elements.append(element)
      tables[parent].slots[at] = .tables(elements, first)
    } else {
      add(.tables([element], span), for: last, in: parent)
    }
    tables.append(Table(form: .header, depth: depth, span: span))
    current = element
  }

  /// The finished tree; its height is bounded by `TOMLParser.maximumDepth`.
  func build() -> TOMLTable { build(0) }

  // MARK: - The tree

  private func slot(of key: TOMLKey, in table: Int) -> Slot? {
    tables[table].index[TOMLName(key.name)].map { tables[table].slots[$0] }
  }

  private mutating func add(_ slot: Slot, for key: TOMLKey, in table: Int) {
    tables[table].index[TOMLName(key.name)] = tables[table].slots.count
    tables[table].keys.append(key)
    tables[table].slots.append(slot)
  }

  private mutating func addTable(
    _ form: TOMLTable.Form, for key: TOMLKey, in parent: Int, span: TOMLSpan
  ) throws(TOMLError) -> Int {
    let depth = tables[parent].depth + 1
    guard depth <= TOMLParser.maximumDepth else {
      throw TOMLError(.tooDeep(limit: TOMLParser.maximumDepth), at: key.span.start)
    }
    add(.table(tables.count), for: key, in: parent)
    tables.append(Table(form: form, depth: depth, span: span))
    return tables.count - 1
  }

  /// The table that the last part of a header's path lies in; a path through an array of tables means its last element.
  private mutating func parent(of path: [TOMLKey]) throws(TOMLError) -> Int {
    var table = 0
    for key in path.dropLast() {
      switch slot(of: key, in: table) {
      case nil: table = try addTable(.implicit, for: key, in: table, span: key.span)
      case .table(let next): table = next
      case .tables(let elements, _): table = elements.last ?? table
      case .value: throw TOMLError(.notATable(key.name), at: key.span.start)
      }
    }
    return table
  }

  private func build(_ table: Int) -> TOMLTable {
    let table = tables[table]
    let members = zip(table.keys, table.slots).map { key, slot in
      let node: TOMLNode
      switch slot {
      case .value(let value): node = value
      case .table(let child): node = TOMLNode(value: .table(build(child)), span: tables[child].span)
      case .tables(let elements, let span):
        let nodes = elements.map { TOMLNode(value: .table(build($0)), span: tables[$0].span) }
        node = TOMLNode(value: .array(nodes), span: span)
      }
      return TOMLMember(key: key, node: node)
    }
    return TOMLTable(members: members, index: table.index, form: table.form)
  }
}
