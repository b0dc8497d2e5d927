"""mutants.py - small mistakes to plant in C, C++ and CUDA: which there are in a file, and a file with one of them. It reads tokens,
not grammar, and trusts the formatting: an operator with a blank on both sides has two operands. What it gets wrong does not compile."""
import dataclasses
import hashlib
import os
import random
import re

TOKEN = re.compile(r"""
    (?P<comment> /\*.*?\*/ | //[^\n]* )
  | (?P<directive> ^[ \t]*\# (?: \\\n | /\*.*?\*/ | [^\n] )* )
  | (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
  | (?P<number> \.?\d (?: [eEpP][+-] | [\w.] )* )
  | (?P<word> [A-Za-z_]\w* )
  | (?P<operator> <<= | >>= | -> | \+\+ | -- | << | >> | [<>=!*/%&|^+-]= | && | \|\| | :: | [^\s] )
""", re.S | re.M | re.X)

OPERATORS = {
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "&",
    "==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&",
    "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|=", "^=": "&=", "<<=": ">>=", ">>=": "<<=",
}
# How tightly an operator binds; what ends an operand binds no tighter.
BINDING = {"?": 1, ":": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "<": 8, "<=": 8, ">": 8, ">=": 8,
           "<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>="}
OPENING, CLOSING = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}
KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "sizeof", "typedef", "static", "const", "enum",
            "struct", "union", "extern", "goto", "inline", "template", "using", "namespace", "public", "private", "static_assert",
            "_Static_assert", "_Alignas", "alignas", "register", "typename", "class", "__attribute__"}
BARRIER = re.compile(r"__(?:syncthreads\w*|syncwarp|threadfence\w*)$")
PRAGMA_BARRIER = re.compile(r"[ \t]*#\s*pragma omp (?:barrier|atomic|critical)")


@dataclasses.dataclass
class Token:
    kind: str
    text: str
    at: int
    end: int
    partner: int = -1  # of a bracket


@dataclasses.dataclass
class Mutant:
    path: str
    line: int
    kind: str
    at: int
    old: str
    new: str
    id: str = ""

    def applied(self, text):
        if text[self.at:self.at + len(self.old)] != self.old:
            raise ValueError(f"{self.path} is not the file that {self.id} was found in")
        return text[:self.at] + self.new + text[self.at + len(self.old):]

    def __str__(self):
        short = [" ".join(part.split()) for part in (self.old, self.new)]
        return f"{self.path}:{self.line}: {self.kind}: {short[0]} -> {short[1] or 'nothing'}"


def tokens_of(text):
    tokens, open_brackets = [], []
    for match in TOKEN.finditer(text):
        if match.lastgroup == "comment":
            continue
        token = Token(match.lastgroup, match.group(), match.start(), match.end())
        if token.kind == "operator" and token.text in OPENING:
            open_brackets.append(len(tokens))
        elif token.kind == "operator" and token.text in CLOSING and open_brackets:
            token.partner = open_brackets.pop()
            tokens[token.partner].partner = len(tokens)
        tokens.append(token)
    return tokens


class Source:
    """A file's tokens, and where its mutants lie."""

    def __init__(self, path, text):
        self.path, self.text, self.tokens, self.found = path, text, tokens_of(text), []

    def add(self, kind, at, end, new):
        old = self.text[at:end]
        # Lines keep their numbers.
        new += "\n" * (old.count("\n") - new.count("\n"))
        self.found.append(Mutant(self.path, self.text.count("\n", 0, at) + 1, kind, at, old, new))

    def word(self, i):
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def has_two_operands(self, i):
        token = self.tokens[i]
        return (token.kind == "operator" and self.text[token.at - 1:token.at].isspace() and
                self.text[token.end:token.end + 1].isspace())

    def operand(self, i, step, binding):
        """The last token of the operand of a binding operator that begins beside token i, to the left or to the right."""
        last, i = i, i + step
        while 0 <= i < len(self.tokens):
            token = self.tokens[i]
            if token.kind == "directive" or token.text in {",", ";"} or token.text in ASSIGNMENTS or token.text == "return":
                break
            if token.text in OPENING or token.text in CLOSING:
                if token.partner < 0 or (token.text in OPENING) != (step > 0) or token.text in "{}":
                    break
                i = token.partner
            elif BINDING.get(token.text, 99) <= binding and self.has_two_operands(i):
                break
            last, i = i, i + step
        return last

    # Each kind of mistake, at token i -----------------------------------------------------------------------------------

    def operator(self, i):
        token = self.tokens[i]
        if token.text in OPERATORS and self.has_two_operands(i):
            bound = token.text[0] in "<>" and len(token.text.rstrip("=")) == 1 and self.in_head_of_for(i)
            self.add("loop bound" if bound else "operator", token.at, token.end, OPERATORS[token.text])

    def in_head_of_for(self, i):
        """Whether token i is between the brackets of for (;;)."""
        depth = 0
        for j in range(i - 1, max(i - 60, 0), -1):
            text = self.tokens[j].text
            depth += (text in CLOSING) - (text in OPENING)
            if depth < 0:
                return text == "(" and self.word(j - 1) == "for"
        return False

    def term(self, i):
        """x + y becomes x."""
        token = self.tokens[i]
        if token.text in {"+", "-", "*", "/", "&&", "||", "&", "|"} and self.has_two_operands(i):
            last = self.operand(i, 1, BINDING[token.text])
            if last > i:
                self.add("dropped term", self.tokens[i - 1].end, self.tokens[last].end, "")

    def constant(self, i):
        token = self.tokens[i]
        if token.kind != "number" or (self.word(i - 1) == "[" and self.word(i + 1) == "]" and
                                      self.tokens[i - 2].kind == "word" and self.tokens[i - 3].kind == "word"):
            return  # The length of an array that is declared: a longer one is as good, a shorter one is for sanitizers.
        whole = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", token.text)
        if not whole:
            self.add("constant", token.at, token.end, f"({token.text} + 1)")
            return
        value = int(whole[1], 0 if whole[1].lower().startswith("0x") else 10)
        first = value == 0 and self.word(i - 1) == "=" and self.in_head_of_for(i)
        for new in sorted({value + 1, max(value - 1, 0), 0} - {value}):
            self.add("loop bound" if first else "constant", token.at, token.end, f"{new}{whole[2]}")

    def statement(self, i):
        """A statement that is a call, an assignment, break or continue is dropped."""
        token = self.tokens[i]
        if self.word(i - 1) not in {";", "{", "}", ")", "else"} and self.tokens[i - 1].kind != "directive":
            return
        if token.kind != "word" and token.text not in {"*", "++", "--", "("} or token.text in KEYWORDS:
            return
        if self.word(i - 1) == ")" and self.word(self.tokens[i - 1].partner - 1) not in {"if", "for", "while"}:
            return
        end = self.operand(i - 1, 1, 0)
        while self.word(end + 1) not in {";", "}", ")", ""} and self.tokens[end + 1].kind != "directive":
            end = self.operand(end + 1, 1, 0) if self.word(end + 1) in ASSIGNMENTS | {","} else len(self.tokens)
        if self.word(end + 1) != ";":
            return
        statement = self.tokens[i:end + 1]
        if len(statement) == 1:
            acts = token.text in {"break", "continue"}
        else:
            acts = any(t.text == "(" or t.text in ASSIGNMENTS | {"++", "--"} for t in statement)
        declares = len(statement) > 1 and token.kind == statement[1].kind == "word"
        if not acts or declares or self.in_head_of_for(i):
            return
        kind = "missing barrier" if BARRIER.match(token.text) else "dropped statement"
        self.add(kind, token.at, self.tokens[end].end, "")

    def pragma(self, i):
        token = self.tokens[i]
        if token.kind == "directive" and PRAGMA_BARRIER.match(token.text):
            self.add("missing barrier", token.at, token.end, "")

    def arguments(self, i):
        """f(a, b) becomes f(b, a)."""
        token = self.tokens[i]
        if token.text != "(" or token.partner < 0 or i < 2:
            return
        name, before = self.tokens[i - 1], self.tokens[i - 2]
        if name.kind != "word" or name.text in KEYWORDS or name.end != token.at:
            return
        if before.kind == "word" and before.text not in {"return", "else", "case"} or before.text == "*" and not self.has_two_operands(i - 2):
            return  # A declaration.
        parts, start, j = [], i + 1, i + 1
        while j <= token.partner:
            if self.tokens[j].text in OPENING and self.tokens[j].partner > 0:
                j = self.tokens[j].partner
            elif self.tokens[j].text == "," or j == token.partner:
                if j > start:
                    parts.append((self.tokens[start].at, self.tokens[j - 1].end))
                start = j + 1
            j += 1
        for (a, b), (c, d) in zip(parts, parts[1:]):
            if self.text[a:b] != self.text[c:d] and "." != self.text[a] and "." != self.text[c]:
                self.add("swapped arguments", a, d, self.text[c:d] + self.text[b:c] + self.text[a:b])

    def condition(self, i):
        token = self.tokens[i]
        if token.text in {"if", "while"} and self.word(i + 1) == "(" and self.tokens[i + 1].partner > 0:
            a, b = self.tokens[i + 1].end, self.tokens[self.tokens[i + 1].partner].at
            self.add("condition", a, b, f"!({self.text[a:b]})")
            if token.text == "if":
                self.add("condition", a, b, f"0 && ({self.text[a:b]})")
        elif token.text == "?":
            first = self.operand(i, -1, 1)
            if first < i:
                a, b = self.tokens[first].at, self.tokens[i - 1].end
                self.add("condition", a, b, f"!({self.text[a:b]})")

    def mutants(self):
        for i, token in enumerate(self.tokens):
            if token.kind == "directive":
                self.pragma(i)
                continue
            for find in (self.operator, self.term, self.constant, self.statement, self.arguments, self.condition):
                find(i)
        return self.found


def mutants_of(texts):
    """All mutants of the files {path: text}. Their names depend on the line that they change, not on other lines or folders, so that they
    last; of mutants that look alike the second has another name than the first."""
    seen, found = {}, []
    for path, text in sorted(texts.items()):
        lines = text.split("\n")
        for mutant in Source(path, text).mutants():
            column = len(text[text.rfind("\n", 0, mutant.at) + 1:mutant.at].lstrip())
            key = "\0".join([os.path.basename(path), mutant.kind, lines[mutant.line - 1].strip(), str(column), mutant.old, mutant.new])
            seen[key] = seen.get(key, 0) + 1
            mutant.id = hashlib.sha1(f"{key}\0{seen[key]}".encode()).hexdigest()[:8]
            found.append(mutant)
    return found


def sample(mutants, seed, count):
    """As many of each kind as there are, up to `count` in all; of a kind, any with the same chance."""
    generator, kinds = random.Random(seed), {}
    for mutant in sorted(mutants, key=lambda m: (m.path, m.at, m.new)):
        kinds.setdefault(mutant.kind, []).append(mutant)
    for kind in kinds.values():
        generator.shuffle(kind)
    drawn = []
    while len(drawn) < count and any(kinds.values()):
        drawn += [kind.pop() for kind in kinds.values() if kind]
    return drawn[:count]
