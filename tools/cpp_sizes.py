"""How large the classes and functions of a C++ source are.

No compiler: braces are paired in a text without comments and literals, and what stands before each tells
what it opens. That is enough for sources that clang-format has written.
"""

import re
from dataclasses import dataclass

# What a compiler would not read as code, in the order of their precedence.
NO_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|^[ \t]*\#(?:\\\n|[^\n])*""",
    re.DOTALL | re.MULTILINE)
ATTRIBUTE = re.compile(r"\[\[.*?\]\]", re.DOTALL)
TEMPLATE = re.compile(r"^\s*template\s*<")
ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")
CLASS = re.compile(r"^(?:class|struct|union)\s+(?:alignas\s*\([^)]*\)\s*)?([\w:]+)(?:\s+final)?\s*(?::|$)")
ENUM = re.compile(r"^enum\b")
SCOPE = re.compile(r"^(?:inline\s+)?namespace\b|^extern\s*$")
NO_MEMBER = re.compile(r"^(?:using|typedef|friend|enum|class|struct|union|static_assert)\b")
CONSTANT = re.compile(r"^(?:inline\s+)?(?:static\s+)?(?:constexpr|constinit)\b|^static\s+const\b")


@dataclass
class Class:
    name: str
    line: int
    methods: int = 0  # declared: constructors and operators too, not those that are = default or = delete
    data: int = 0     # members that each object has


@dataclass
class Function:
    name: str
    line: int
    lines: int  # from its head to its last brace


def without_literals(text):
    """The code alone, with every line where it was."""
    def blank(found):
        no_code = found[0]
        quoted = no_code[0] in "\"'R"
        return ('""' if quoted else " ") + "\n" * no_code.count("\n")
    return ATTRIBUTE.sub(lambda found: " " + "\n" * found[0].count("\n"), NO_CODE.sub(blank, text))


def without_template_arguments(text):
    """Without what stands in <>: a function type there makes no function."""
    text = text.replace("->", "").replace("<=>", "").replace("<<", "").replace(">>=", "")
    shorter = None
    while shorter != text:
        shorter, text = text, re.sub(r"<[^<>]*>", "", text)
    return text


def head_of(text):
    """What stands before a brace or a semicolon, without access specifiers and template<>."""
    head = ACCESS.sub(" ", text).strip()
    while TEMPLATE.match(head):
        depth = 0
        for at, char in enumerate(head):
            depth += {"<": 1, ">": -1}.get(char, 0)
            if char == ">" and depth == 0:
                break
        head = head[at + 1:].strip()
        head = re.sub(r"^requires\s+[\w:]+\s*", "", without_template_arguments(head))
    return head


def closing(text, opening):
    """Where the brace at `opening` is closed."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def is_function(head):
    declared = head if "operator" in head else re.split(r"=", head)[0]
    return "(" in without_template_arguments(declared)


def name_of(head):
    found = re.search(r"([\w:~]+|operator\s*\S+?)\s*\(", without_template_arguments(head))
    return found[1] if found else head


class Sizes:
    """Reads one text. `classes` and `functions`: what is in it, nested ones too."""

    def __init__(self, text):
        self.text = without_literals(text)
        self.classes = []
        self.functions = []
        self._read(0, len(self.text), None)

    def _line(self, at):
        return self.text.count("\n", 0, at) + 1

    def _begin_of(self, at, end):
        """Where the code begins that stands between."""
        found = re.compile(r"(?:\s|(?:public|private|protected)\s*:(?!:))*").match(self.text, at, end)
        return found.end()

    def _read(self, at, end, owner):
        """What is declared between, in `owner` or in no class."""
        begin = at
        while at < end:
            char = self.text[at]
            if char == ";":
                self._declared(self.text[begin:at], owner)
                begin = at + 1
            elif char == "{":
                at = self._opened(begin, at, owner)
                # An initialiser of a member or in a constructor, or the body of what ends with ";".
                if not re.compile(r"\s*[;,{)]").match(self.text, at + 1):
                    begin = at + 1
            at += 1

    def _opened(self, begin, brace, owner):
        """A brace behind what began at `begin`. Returns where it is closed."""
        end = closing(self.text, brace)
        head = head_of(self.text[begin:brace])
        line = self._line(self._begin_of(begin, brace))
        found = CLASS.match(head)
        if SCOPE.match(head):
            self._read(brace + 1, end, None)
        elif found:
            self.classes.append(Class(found[1], line))
            self._read(brace + 1, end, self.classes[-1])
        elif not ENUM.match(head) and is_function(head) and self._is_body(head, end):
            self.functions.append(Function(name_of(head), line, self._line(end) - line + 1))
            if owner and not NO_MEMBER.match(head):
                owner.methods += 1
        return end

    def _is_body(self, head, end):
        """Not `= {…}`, and not a constructor's `: member{…},` or the last of them, before its body."""
        more = re.compile(r"\s*([;,{)])").match(self.text, end + 1)
        return not (more and (more[1] in ",{)" or "=" in without_template_arguments(head)))

    @staticmethod
    def _declared(text, owner):
        """What ends with a semicolon."""
        head = head_of(text)
        if owner is None or not head or NO_MEMBER.match(head) or re.search(r"=\s*(?:default|delete)$", head):
            return
        head = head.split("{")[0]
        if is_function(head):
            owner.methods += 1
        elif not CONSTANT.match(head):
            owner.data += 1
