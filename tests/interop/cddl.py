#!/usr/bin/python3
"""Validates CBOR against CDDL (RFC 8610), the part of it that the SUIT manifest's grammar uses: choices, groups, sockets,
occurrences, tags, enumerations, and the controls .cbor, .size, .bits and .regexp. No validator is packaged in Debian.

cddl.py RULE FILE SCHEMA...    says "good" and exits 0, or says that FILE is no RULE of the schemas together and exits 1
cddl.py --self-test            a table of what must match and what must not

Strict where a validator could be lenient: a map's members that no entry takes, items behind an encoded one, and a name
that is defined nowhere are errors. A socket ($$name) that nobody fills is empty, as RFC 8610 has it.
"""
import io
import re
import sys

import cbor2

TOKEN = re.compile(r"""
    (?P<space>(?:\s|;[^\n]*(?:\n|$))+) | (?P<text>"[^"\\]*") | (?P<occurs>\d*\*\d*|[+?]) | (?P<number>-?\d+)
  | (?P<tag>\#6\.\d+) | (?P<control>\.[a-z]+) | (?P<name>[A-Za-z_@$](?:[\w@$.-]*[\w@$])?)
  | (?P<sign>//=|/=|=>|//|[=/:,&(){}\[\]])""", re.VERBOSE)
ONCE = (1, 1)
PRELUDE = {
    "any": lambda x: True,
    "uint": lambda x: is_int(x) and x >= 0,
    "nint": lambda x: is_int(x) and x < 0,
    "int": lambda x: is_int(x),
    "bstr": lambda x: isinstance(x, bytes),
    "tstr": lambda x: isinstance(x, str),
    "text": lambda x: isinstance(x, str),
    "bool": lambda x: isinstance(x, bool),
    "true": lambda x: x is True,
    "false": lambda x: x is False,
    "nil": lambda x: x is None,
    "null": lambda x: x is None,
}


def is_int(x):
    return isinstance(x, int) and not isinstance(x, bool)


class Entry:
    """Of a group: how often, its key (a type) when it has one, and its value."""

    def __init__(self, occurs, key, value):
        self.occurs, self.key, self.value = occurs, key, value

    def is_type(self):
        return self.occurs == ONCE and self.key is None


class Parser:
    def __init__(self, source):
        self.tokens, at = [], 0
        while at < len(source):
            found = TOKEN.match(source, at)
            if not found:
                raise ValueError(f"not CDDL: {source[at:at + 30]!r}")
            if found.lastgroup != "space":
                self.tokens.append((found.lastgroup, found.group()))
            at = found.end()
        self.at = 0

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else (None, None)

    def take(self, sign):
        if self.peek()[1] != sign:
            return False
        self.at += 1
        return True

    def want(self, sign):
        if not self.take(sign):
            raise ValueError(f"expected {sign}, not {self.peek()[1]}")

    def rules(self, into):
        while self.at < len(self.tokens):
            kind, name = self.peek()
            assign = self.peek(1)[1]
            if kind != "name" or assign not in ("=", "/=", "//="):
                raise ValueError(f"expected a rule, not {name} {assign}")
            self.at += 2
            if assign == "=" and name in into:
                raise ValueError(f"{name} is defined twice")
            into.setdefault(name, []).append(self.entry())

    def group(self, end):
        choices = [[]]
        while not self.take(end):
            if self.take("//"):
                choices.append([])
                continue
            choices[-1].append(self.entry())
            self.take(",")
        return choices

    def entry(self):
        occurs = ONCE
        if self.peek()[0] == "occurs":
            sign = self.peek()[1]
            self.at += 1
            low, high = (1, None) if sign == "+" else (0, 1) if sign == "?" else sign.split("*")
            occurs = (int(low or 0), None if high in ("", None) else int(high))
        first = self.choice()
        if self.take("=>"):
            return Entry(occurs, first, self.choice())
        if self.take(":"):  # a bare word is the text of that name
            kind, what = first[0] if len(first) == 1 else (None, None)
            return Entry(occurs, [("literal", what)] if kind == "name" else first, self.choice())
        return Entry(occurs, None, first)

    def choice(self):
        types = [self.controlled()]
        while self.take("/"):
            types.append(self.controlled())
        return types

    def controlled(self):
        base = self.single()
        if self.peek()[0] != "control":
            return base
        control = self.peek()[1]
        self.at += 1
        return ("control", base, control, self.single())

    def single(self):
        kind, what = self.peek()
        self.at += 1
        if kind == "number":
            return ("literal", int(what))
        if kind == "text":
            return ("literal", what[1:-1])
        if kind == "name":
            return ("name", what)
        if kind == "tag":
            self.want("(")
            inner = self.choice()
            self.want(")")
            return ("tag", int(what[3:]), inner)
        if what == "&":
            self.want("(")
            return ("enumeration", self.group(")"))
        if what == "(":
            return ("group", self.group(")"))
        if what == "[":
            return ("array", self.group("]"))
        if what == "{":
            return ("map", self.group("}"))
        raise ValueError(f"expected a type, not {what}")


class Schema:
    def __init__(self, sources):
        self.rules = {}
        for source in sources:
            Parser(source).rules(self.rules)

    def alternatives(self, name):
        if name in self.rules:
            return self.rules[name]
        if name.startswith("$"):
            return []
        raise ValueError(f"{name} is not defined")

    # Types

    def matches(self, types, value):
        return any(self.matches_one(one, value) for one in types)

    def matches_one(self, one, value):
        kind = one[0]
        if kind == "literal":
            return type(value) is type(one[1]) and value == one[1]
        if kind == "name":
            if one[1] in PRELUDE:
                return PRELUDE[one[1]](value)
            return any(entry.is_type() and self.matches(entry.value, value) for entry in self.alternatives(one[1]))
        if kind == "tag":
            return isinstance(value, cbor2.CBORTag) and value.tag == one[1] and self.matches(one[2], value.value)
        if kind == "enumeration":
            return any(self.matches(entry.value, value) for choice in one[1] for entry in choice)
        if kind == "group":  # in brackets, a type
            return any(len(c) == 1 and c[0].is_type() and self.matches(c[0].value, value) for c in one[1])
        if kind == "array":
            return isinstance(value, (list, tuple)) and any(
                end == len(value) for end in self.array(one[1], value, 0))
        if kind == "map":
            return isinstance(value, dict) and any(
                not left for left in self.members(one[1], value, frozenset(value)))
        return self.controls(one, value)

    def controls(self, one, value):
        _, base, control, argument = one
        if not self.matches_one(base, value):
            return False
        if control == ".cbor":
            stream = io.BytesIO(value)
            try:
                item = cbor2.CBORDecoder(stream, tag_hook=lambda _, tag: tag).decode()
            except Exception:
                return False
            return stream.tell() == len(value) and self.matches_one(argument, item)
        if control == ".size":
            return len(value) == argument[1]
        if control == ".regexp":
            return re.fullmatch(argument[1], value) is not None
        if control == ".bits":
            return all(self.matches_one(argument, bit) for bit in range(value.bit_length()) if value >> bit & 1)
        raise ValueError(f"control {control} is not known here")

    # Groups: every way in which they can match, as what is left to be matched.

    def choices_of(self, entry):
        """The choices when the entry stands for a group; None when it is one item."""
        if entry.key is not None or len(entry.value) != 1:
            return None
        kind, what = entry.value[0][:2]
        if kind == "group":
            return what
        if kind != "name" or what in PRELUDE:
            return None
        alternatives = self.alternatives(what)
        is_group = what.startswith("$$") or any(
            not e.is_type() or self.choices_of(e) is not None for e in alternatives)
        return [[e] for e in alternatives] if is_group else None

    def repeated(self, entry, state, once):
        low, high = entry.occurs
        seen, states, count = {state}, [state], 0
        if low == 0:
            yield state
        while states and (high is None or count < high):
            count += 1
            states = [after for before in states for after in once(before)]
            if high is None:  # what consumed nothing need not be tried again
                states = [s for s in states if s not in seen]
                seen.update(states)
            if count >= low:
                yield from states

    def in_order(self, choice, state, one):
        if not choice:
            yield state
            return
        for after in one(choice[0], state):
            yield from self.in_order(choice[1:], after, one)

    def array(self, group, items, at):
        def once(entry, here):
            choices = self.choices_of(entry)
            if choices is not None:
                yield from self.array(choices, items, here)
            elif here < len(items) and self.matches(entry.value, items[here]):
                yield here + 1

        def one(entry, here):
            return self.repeated(entry, here, lambda state: once(entry, state))

        for choice in group:
            yield from self.in_order(choice, at, one)

    def members(self, group, value, keys):
        def once(entry, left):
            choices = self.choices_of(entry)
            if choices is not None:
                yield from self.members(choices, value, left)
            elif entry.key is None:
                raise ValueError("a map's entry without a key")
            else:
                for key in left:
                    if self.matches(entry.key, key) and self.matches(entry.value, value[key]):
                        yield left - {key}
                        return  # which of several it takes first makes no difference to what is left in the end

        def one(entry, left):
            return self.repeated(entry, left, lambda state: once(entry, state))

        for choice in group:
            yield from self.in_order(choice, keys, one)


CASES = [
    ("x = uint", 0, True), ("x = uint", -1, False), ("x = uint", True, False), ("x = nint", -1, True),
    ("x = 1 / 2", 2, True), ("x = 1 / 2", 3, False), ("x = 1", True, False), ("x /= 1 x /= tstr", "a", True),
    ("x = bstr .size 2", b"ab", True), ("x = bstr .size 2", b"abc", False),
    ("x = bstr .cbor uint", b"\x01", True), ("x = bstr .cbor uint", b"\x01\x01", False),
    ("x = bstr .cbor uint", b"\x61", False), ("x = bstr .cbor uint", "a", False),
    ("x = tstr .regexp \"[a-z]{2}\"", "en", True), ("x = tstr .regexp \"[a-z]{2}\"", "eng", False),
    ("x = uint .bits y y = &(a: 0, b: 2)", 5, True), ("x = uint .bits y y = &(a: 0, b: 2)", 2, False),
    ("x = #6.5(uint)", cbor2.CBORTag(5, 1), True), ("x = #6.5(uint)", cbor2.CBORTag(6, 1), False),
    ("x = #6.5(uint)", 1, False),
    ("x = [1, ? tstr, * uint]", [1], True), ("x = [1, ? tstr, * uint]", [1, "a", 2, 3], True),
    ("x = [1, ? tstr, * uint]", [1, 2, "a"], False), ("x = [+ uint]", [], False), ("x = [2* uint, ? nil]", [1], False),
    ("x = [2* uint, ? nil]", [1, 2, None], True), ("x = [1*2 uint]", [1, 2, 3], False),
    ("x = [+ (y // z)] y //= (1, tstr) y //= (2, uint) z = (3, nil)", [1, "a", 3, None, 2, 2], True),
    ("x = [+ (y // z)] y //= (1, tstr) y //= (2, uint) z = (3, nil)", [1, 2], False),
    ("x = [+ (y // z)] y //= (1, tstr) y //= (2, uint) z = (3, nil)", [1, "a", 3], False),
    ("x = {1 => uint, ? 2 => tstr}", {1: 1}, True), ("x = {1 => uint, ? 2 => tstr}", {1: 1, 2: 3}, False),
    ("x = {1 => uint, ? 2 => tstr}", {1: 1, 3: "a"}, False), ("x = {1 => uint}", {}, False),
    ("x = {y, * tstr => bstr} y = (? 1 => uint, ? 2 => uint)", {2: 1, "a": b""}, True),
    ("x = {y, * tstr => bstr} y = (? 1 => uint, ? 2 => uint)", {"a": 1}, False),
    ("x = {+ $$y} $$y //= (1 => uint) $$y //= (nint => bool)", {1: 1, -1: True, -2: False}, True),
    ("x = {+ $$y} $$y //= (1 => uint) $$y //= (nint => bool)", {}, False),
    ("x = {+ $$y} $$y //= (1 => uint) $$y //= (nint => bool)", {1: 1, -1: 1}, False),
    ("x = {a: uint, * $$more}", {"a": 1}, True), ("x = {a: uint, * $$more}", {"a": 1, "b": 1}, False),
    ("x = {1 => 2 / bstr .cbor y} y = [0]", {1: b"\x81\x00"}, True),
    ("x = (uint / tstr) ; in brackets", "a", True), ("x = [* [* bstr]]", [[], [b"a"]], True),
]


def self_test():
    wrong = 0
    for source, value, expected in CASES:
        if Schema([source]).matches_one(("name", "x"), value) != expected:
            print(f"{source}: {value!r} should {'' if expected else 'not '}match")
            wrong += 1
    for source in ("x = y", "x = ", "x = [", "1 = 2", "x = 1 x = 2", "x = ~y", "x = bstr .other 1"):
        try:
            Schema([source]).matches_one(("name", "x"), b"")
        except ValueError:
            continue
        print(f"{source}: was taken as CDDL")
        wrong += 1
    print(f"{len(CASES)} cases, {wrong} wrong")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    rule, file, *schemas = sys.argv[1:]
    sources = []
    for name in schemas:
        with open(name, encoding="utf-8") as schema:
            sources.append(schema.read())
    with open(file, "rb") as stream:
        data = stream.read()
    if Schema(sources).matches_one(("control", ("name", "bstr"), ".cbor", ("name", rule)), data):
        print("good")
        return 0
    print(f"refused: not {rule}")
    return 1


sys.exit(main())
