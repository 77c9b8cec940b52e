import Testing

@testable import Store

@Suite struct `The plain text of Markdown` {
  private func plain(_ text: String) -> String { String(decoding: MarkdownText.plain(text), as: UTF8.self) }

  /// What 0.163.0 searches in an answer, recorded by searching for a word in the paragraph after each of these.
  @Test func `it is what the reference searches`() {
    let recorded: [(markdown: String, plain: String)] = [
      ("a**b**c", "abc"),
      ("a*b*c", "abc"),
      ("a_b_c", "a_b_c"),
      ("snake_case_name here", "snake_case_name here"),
      ("2 * 3 * 4", "2 * 3 * 4"),
      ("**bold*", "*bold"),
      ("`a``b`", "a``b"),
      ("`` a`b ``", "a`b"),
      ("~~~\nfence\n~~~", "fence"),
      ("    indented code\n    two", "indented code two"),
      ("para\n    cont", "para cont"),
      ("* x\n+ y\n1) z\n10. w", "x y z w"),
      ("1234567890. x", "1234567890. x"),
      ("a\n===\nb\n---\nc", "a b c"),
      ("***\nx", "x"),
      ("[a](b \"t\") [c][d] [d]\n\n[d]: http://x \"T\"", "a c d"),
      ("![i](u \"t\")", "i"),
      ("<http://a.b> <a@b.c> <span>x</span> <!-- c -->", "http://a.b a@b.c <span>x</span> <!-- c -->"),
      ("&lt;&copy;&#65;&#x42;&nope;", "<©AB&nope;"),
      ("\\*a\\* \\q \\\\", "*a* \\q \\"),
      ("a\\\nb", "a b"),
      ("> q\ncont\n> > r", "q cont r"),
      ("# h #\n## i ##\n#nospace\n####### seven", "h i #nospace ####### seven"),
      ("[x] task\n- [ ] todo", "[x] task [ ] todo"),
      ("`code\nline`", "code line"),
      ("| a |\n|---|\n| b |", "| a | |---| | b |"),
      ("[unclosed](x", "[unclosed](x"),
      ("a [b] c", "a [b] c"),
      ("[a *b*](c)", "a b"),
      ("**a [b](c) d**", "a b d"),
      ("***both***", "both"),
      ("__dunder__ init__x__", "dunder init__x__"),
      ("a<br>b", "a<br>b"),
      ("<div>\n*x*\n</div>\n\n*y*", "<div> *x* </div> y"),
      ("text\\", "text\\"),
      ("$math_a_b$", "$math_a_b$"),
      ("```js\na   b\n\n  c\n```\nafter", "a b c after"),
      ("**\"q\"**x", "**\"q\"**x"),
      ("**a**b", "ab"),
      ("a**\"b\"**c", "a**\"b\"**c"),
      ("[l](<a b>)", "l"),
      ("[l](a(b)c)", "l"),
      ("[l](a b)", "[l](a b)"),
      ("x &amp y &amp; z", "x &amp y & z"),
      ("- a\n\n- b\n\nc", "a b c"),
      ("<b>x</b>", "<b>x</b>"),
      ("<div>z</div>", "<div>z</div>"),
      ("a *b\nc* d", "a b c d"),
      ("*a **b* c**", "a b c"),
      ("a * b *", "a * b *"),
      ("_a_b", "_a_b"),
      ("\"*a*\"", "\"a\""),
      ("[![img](u)](v)", "img"),
      ("[a][]\n\n[a]: u", "a"),
      ("- \n- b", "b"),
      ("a\n- b", "a b"),
      ("a\n2. b", "a 2. b"),
      ("a\n1. b", "a b"),
      ("    code\n\n    code2\n", "code code2"),
      ("```\nunclosed", "unclosed"),
      ("text ```x``` more", "text x more"),
      ("** a **", "** a **"),
      ("a ** b", "a ** b"),
      ("*a*b*", "ab*"),
      ("~~x~~ ~y~", "~~x~~ ~y~"),
      ("<a href=\"x\">y</a> 1 < 2 > 0", "<a href=\"x\">y</a> 1 < 2 > 0"),
      ("&#x1F600; &hellip; &mdash; &quot; &apos; &nbsp;x", "😀 … — \" ' x"),
      ("a  \n  b", "a b"),
      ("\ta tab", "a tab"),
      ("> - x\n> - y", "x y"),
      ("+ a\n\n\n+ b", "a b"),
      ("[x]: y\n\nz", "z"),
      ("# \n\nz", "z"),
      ("**Note:** see `foo()` (e.g. *this*).", "Note: see foo() (e.g. this)."),
      ("1. **A**: b\n2. **C**: d\n\n   more", "A: b C: d more"),
      ("http://x.y/a_b_c_d", "http://x.y/a_b_c_d"),
      ("a\\nb \\`x\\`", "a\\nb `x`"),
      ("![alt *e*](u)", "alt e"),
      ("[a\\]b](c)", "a]b"),
      ("a [b](c 'd') [e](f (g))", "a b e"),
    ]
    for (markdown, expected) in recorded {
      #expect(plain(markdown + "\n\nend") == expected + " end", "\(markdown.debugDescription)")
    }
  }

  /// The reference leaves no space between the texts of nested blocks, which makes words that nobody wrote.
  @Test func `blocks are kept apart`() {
    #expect(plain("- a\n  - b\n    - c\n\n      para") == "a b c para")
    #expect(plain("1. a\n   ```\n   code\n   ```\n2. b") == "a code b")
  }

  @Test func `lines may end as on Windows, and nothing is nothing`() {
    #expect(plain("# a\r\nb\r\nc\r\n\r\n- d\r\n") == "a b c d")
    #expect(plain("") == "")
    #expect(plain(" \n\t\n") == "")
    #expect(plain("**") == "**")
    #expect(plain("- ") == "")
    #expect(plain(">") == "")
  }

  @Test func `every start of a text with everything in it can be read`() {
    let text =
      "# *h*\n> - 1. [a](<b> \"c\") `d``e` ![f][g] <b c='d'> <!-- e --> &#x41; \\* **é_ö_**\n\n[g]: <h> 'i'\n~~~ j\nk\n~~~"
    var prefix = ""
    for scalar in text.unicodeScalars {
      prefix.unicodeScalars.append(scalar)
      _ = plain(prefix)
    }
    #expect(plain(text) == "h a d``e f <b c='d'> <!-- e --> A * é_ö_ k")
  }

  /// Each is a way to make a careless reader look at everything again for every mark.
  @Test(.timeLimit(.minutes(1))) func `hostile texts take no longer than others`() {
    let patterns = [
      "[", "]", "*", "_a ", "*a_ ", "**a *b_ ", "`", "`a``b", "[a](b", "](a", "![", "<a ", "<!-- ", "&", "\\", ">",
      "- ",
      "[[[ [a](b) ", "a\n", "    a\n", "~~~\n", "<div>\n", "1. ", "[a]: b\n", "|", "((", "\u{0}", "é*",
    ]
    for pattern in patterns {
      let text = String(repeating: pattern, count: 8_000 / pattern.utf8.count)
      _ = plain(text)
      _ = plain("[" + text + "](" + text + ")\n\n[x]: y")
    }
  }
}
