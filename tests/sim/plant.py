"""Plants the faults of a table into copies of sources, so that the sources themselves hold none.

plant.py TABLE ROOT OUT FILE: writes OUT, the source ROOT/FILE with every change the table has for it.

The table: `= FILE` names a source, `-` lines stand in it, `+` lines take their place, a `#` line or an
empty one ends a change. Where the `-` lines stand in the source not exactly once, the build fails and
says so: a fault whose place has moved would show nothing.
"""

import pathlib
import sys

HEAD = '#include "tests/sim/planted.h"\n#line 1 "{file}"\n'


def changes(table):
    """{file: [[lines that stand there, lines in their place]]}"""
    found, file, change = {}, None, None
    for number, line in enumerate(table.splitlines(keepends=True), 1):
        mark, rest = line[:1], line[2:] or "\n"
        if mark == "=":
            file, change = line[1:].strip(), None
            found.setdefault(file, [])
        elif mark == "-" and file:
            if change is None or change[1]:
                change = ["", ""]
                found[file].append(change)
            change[0] += rest
        elif mark == "+" and change:
            change[1] += rest
        elif mark in ("#", "\n"):
            change = None
        else:
            raise SystemExit(f"line {number} of the table is none")
    return found


def plant(source, file, wanted):
    for now, then in wanted:
        if source.count(now) != 1:
            raise SystemExit(f"{file}: these lines stand there {source.count(now)} times:\n{now}")
        source = source.replace(now, then)
    return HEAD.format(file=file) + source


def main(table, root, out, file):
    wanted = changes(pathlib.Path(table).read_text()).get(file, [])
    planted = plant((pathlib.Path(root) / file).read_text(), file, wanted)
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(out).write_text(planted)


if __name__ == "__main__":
    main(*sys.argv[1:])
