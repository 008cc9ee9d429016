"""Writes `empty_climb.cairo`: paths that climb through empty surroundings, level by level without a loop.

    python -m prover.applications.perpetual.program.empty_climb > empty_climb.cairo

Each level stands in the code twice, once for a turn to the left and once for a turn to the right. The path stays on its
side of the code while its turns are the same and crosses when they change, so a level takes five steps: two inputs of
the hash, its result, the key's bits so far, and the choice of the next turn.
"""

from __future__ import annotations

EXITS = (0, 16, 32, 36, 40, 44, 48, 52, 56)
"""Levels at which a path may leave."""
TOP = EXITS[-1]

HEAD = """// Written by empty_climb.py, which says how it works; a test writes it anew and compares.

from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.dict_access import DictAccess

// Where a path leaves its empty surroundings: the node on this level.
struct Start {
    index: felt,
    before: felt,
    after: felt,
    level: felt,
}

// From each of `n_updates` > 0 updated leaves up as far as the hint says. Everything beside the path is empty, and so
// is the leaf before, unless the path leaves at once. The index is the key without the bits that the turns spell,
// halved as a field element once a level.
func climb_empty{pedersen_ptr: HashBuiltin*}(
    updates: DictAccess*, n_updates: felt, empty_roots: felt*, starts: Start*
) {
"""

LEAF = """    [ap] = [fp - 6], ap++;
    [ap] = [fp - 7], ap++;
    [ap] = [fp - 3], ap++;
    [ap] = [fp - 5], ap++;

    // On the stack: update, place of the next hash, start, updates left.
    next_leaf:
    %{
        for offset, choice in tree.choices():
            memory[ap + offset] = choice
    %}
    [ap] = [[ap - 4] + 2], ap++;
    [ap] = 0, ap++;
    jmp exit_0 if [ap] != 0, ap++;
    [fp] = [[ap - 7] + 1];
    jmp right_0 if [ap] != 0, ap++;
"""

FRAME = 4  # update, place, start, updates left
UPDATE, PLACE, START, LEFT = range(FRAME)


def entry(level: int) -> int:
    """How far ap has moved since `next_leaf` where a level's hash begins: the value, the bits and a turn for each level
    up to it, and at an exit the choice to leave."""
    return 3 * (level + 1) + sum(0 < exit <= level for exit in EXITS) + 1


def choices(turns: list[int]) -> list[tuple[int, int]]:
    """(offset from ap at `next_leaf`, choice) for a path with these turns (1 is right): 1 to leave, or to cross to the
    other side of the code."""
    found, side = [], 0
    for level, turn in enumerate(turns):
        if level in EXITS:
            found.append((entry(level) - 2, 0))
        found.append((entry(level) - 1, int(turn != side)))
        side = turn
    level = len(turns)
    return found if level == TOP else [*found, (entry(level) - 2, 1)]


def _frame(member: int, moved: int) -> str:
    """A member of the leaf's frame, where ap has moved so far since `next_leaf`."""
    return f"[ap - {moved + FRAME - member}]"


def _level(level: int, turn: int) -> str:
    """One hash, entered with its choices made; then on to the next level or out."""
    moved, name, other = entry(level), *(("left", "right") if turn == 0 else ("right", "left"))
    n_choices = 1 + (level in EXITS)
    after, bits = f"[ap - {n_choices + 2}]", f"[ap - {n_choices + 2}]"
    path, beside = (3 * level, 3 * level + 1) if turn == 0 else (3 * level + 1, 3 * level)
    lines = [
        f"{name}_{level}:",
        f"{after} = [{_frame(PLACE, moved)} + {path}];",
        f"[fp + {level}] = [{_frame(PLACE, moved)} + {beside}];",
        f"[ap] = [{_frame(PLACE, moved)} + {3 * level + 2}], ap++;",
        # One cell further, the bits are where the value was.
        f"[ap] = {bits}" + (f" + {1 << level}" if turn else "") + ", ap++;",
    ]
    above = level + 1
    if above == TOP:
        lines += [f"jmp exit_{above};"] if turn == 0 else []
    else:
        lines += [f"jmp exit_{above} if [ap] != 0, ap++;"] if above in EXITS else []
        lines += [f"jmp {other}_{above} if [ap] != 0, ap++;"]
    return "".join(f"    {line}\n" for line in lines)


def _exit(level: int) -> str:
    """The start above, and the next leaf's frame."""
    moved = entry(level) - 1 - (level == TOP)  # the turn is not taken; at the top there is no choice either
    value = moved - (1 if level == TOP else 2) - 1
    lines, pushed = [f"exit_{level}:"], 0

    def frame(member: int) -> str:
        return _frame(member, moved + pushed)

    def cell(offset: int) -> str:
        """One of the leaf's cells, by its offset from ap at `next_leaf`."""
        return f"[ap - {moved + pushed - offset}]"

    lines.append(f"[ap] = [{frame(UPDATE)}], ap++;")
    pushed += 1
    if level:
        lines.append(f"[ap - 1] = [ap] + {cell(value + 1)}, ap++;")
        pushed += 1
        lines.append(f"[ap] = [ap - 1] / {1 << level}, ap++;")
        pushed += 1
    lines.append(f"[ap - 1] = [{frame(START)}];")
    if level:
        lines.append(f"[fp + {level}] = [{frame(START)} + 1];")
    else:
        lines.append(f"[ap] = [{frame(UPDATE)} + 1], ap++;")
        pushed += 1
        lines.append(f"[ap - 1] = [{frame(START)} + 1];")
    lines.append(f"{cell(value)} = [{frame(START)} + 2];")
    lines.append(f"[ap] = {level}, ap++;")
    pushed += 1
    lines.append(f"[ap - 1] = [{frame(START)} + 3];")
    for member, step in ((UPDATE, 3), (PLACE, 3 * level), (START, 4), (LEFT, -1)):
        lines.append(f"[ap] = {frame(member)} + {step}, ap++;" if step else f"[ap] = {frame(member)}, ap++;")
        pushed += 1
    lines.append("jmp next_leaf if [ap - 1] != 0;")
    if level:  # the leaf's own exit stands last
        lines.append("jmp done;")
    return "".join(f"    {line}\n" for line in lines)


def source() -> str:
    roots = [f"    ap += {TOP + 1};\n"]
    roots += [f"    [fp + {level}] = [[fp - 4] + {level}];\n" for level in range(TOP + 1)]
    levels = [_level(level, turn) for turn in (0, 1) for level in range(TOP)]
    exits = [_exit(level) for level in reversed(EXITS)]
    tail = "\n    done:\n    let pedersen_ptr = cast([ap - 3], HashBuiltin*);\n    return ();\n}\n"
    return "\n".join([HEAD + "".join(roots) + LEAF, *levels, *exits]) + tail


if __name__ == "__main__":
    print(source(), end="")
