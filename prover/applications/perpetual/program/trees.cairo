// One update of a binary Pedersen tree for all touched leaves: from the root before to the root after, with every node
// beside the touched paths the same in both (docs/spec/perpetual-state.md 1.4).
//
// The union of the touched paths has two kinds of places where a path begins: a leaf, and a node under which both sides
// are touched. From each such place a path climbs alone. Two levels are climbed at a time. Where the tree was empty
// around a leaf, the nodes before are known constants, so only the nodes after are hashed.
//
// An index is halved as a field element on the way up, and the root's must be 0: then a leaf's key is the number that
// its turns spell, below 2^height, for nothing else ends in 0.

from empty_climb import Start, climb_empty
from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.dict_access import DictAccess

// `before` and `after` are the values of the node with this index on its level.
struct Node {
    index: felt,
    before: felt,
    after: felt,
}

// `updates` are (key, leaf before, leaf after), keys ascending. `empty_roots[h]` is the root of the empty tree of height
// h. Returns the root after.
func update_tree{pedersen_ptr: HashBuiltin*}(
    updates: DictAccess*, n_updates: felt, height: felt, root: felt, empty_roots: felt*
) -> (root: felt) {
    if (n_updates == 0) {
        return (root=root);
    }
    alloc_locals;
    let (local starts: Start*) = alloc();
    local starts_end: Start* = starts + n_updates * Start.SIZE;
    %{
        from prover.applications.perpetual.program.advice import TreeAdvice
        fields = [memory[ids.updates.address_ + i] for i in range(3 * ids.n_updates)]
        tree = TreeAdvice(
            advice, list(zip(fields[::3], fields[1::3])), ids.height, ids.root,
            [memory[ids.empty_roots + i] for i in range(ids.height + 1)])
    %}
    climb_empty(updates, n_updates, empty_roots, starts);
    let (node) = climb_to{starts=starts}(height);
    assert starts = starts_end;
    assert node.index = 0;
    assert node.before = root;
    return (root=node.after);
}

// The node `height` levels above the leaves on whose paths lie the next starts, which are used up.
func climb_to{pedersen_ptr: HashBuiltin*, starts: Start*}(height: felt) -> (node: Node) {
    alloc_locals;
    %{ memory[ap] = int(tree.begins_with_branch()) %}
    jmp branch if [ap] != 0, ap++;
    let start = starts;
    let starts = starts + Start.SIZE;
    let (node) = climb(start.index, start.before, start.after, height - start.level);
    return (node=node);

    branch:
    local level;
    %{ ids.level = tree.branch_level() %}
    let (local left: Node) = climb_to(level - 1);
    let (right: Node) = climb_to(level - 1);
    assert right.index = left.index + 1;
    let old = pedersen_ptr;
    let new_ = pedersen_ptr + HashBuiltin.SIZE;
    assert old.x = left.before;
    assert old.y = right.before;
    assert new_.x = left.after;
    assert new_.y = right.after;
    let pedersen_ptr = pedersen_ptr + 2 * HashBuiltin.SIZE;
    let (node) = climb(left.index / 2, old.result, new_.result, height - level);
    return (node=node);
}

// Climbs any number of levels.
func climb{pedersen_ptr: HashBuiltin*}(index: felt, before: felt, after: felt, n_levels: felt) -> (node: Node) {
    if (n_levels == 0) {
        return (node=Node(index=index, before=before, after=after));
    }
    alloc_locals;
    %{ memory[ap] = ids.n_levels % 2 %}
    jmp one_level if [ap] != 0, ap++;
    return climb_pairs(index, before, after, n_levels / 2);

    one_level:
    let (node) = climb_level(index, before, after);
    if (n_levels == 1) {
        return (node=node);
    }
    return climb_pairs(node.index, node.before, node.after, (n_levels - 1) / 2);
}

func climb_level{pedersen_ptr: HashBuiltin*}(index: felt, before: felt, after: felt) -> (node: Node) {
    let old = pedersen_ptr;
    let new_ = pedersen_ptr + HashBuiltin.SIZE;
    let pedersen_ptr = pedersen_ptr + 2 * HashBuiltin.SIZE;
    %{
        memory[ids.old.address_ + 1 - ids.index % 2] = tree.sibling()
        memory[ap] = ids.index % 2
    %}
    jmp right if [ap] != 0, ap++;
    assert old.x = before;
    assert new_.x = after;
    assert new_.y = old.y;
    return (node=Node(index=index / 2, before=old.result, after=new_.result));

    right:
    assert old.y = before;
    assert new_.y = after;
    assert new_.x = old.x;
    return (node=Node(index=(index - 1) / 2, before=old.result, after=new_.result));
}

// Climbs twice `n_pairs` > 0 levels. Each pair of turns, right or left, has its own way through the loop, and a frame
// carries what the next pair needs.
func climb_pairs{pedersen_ptr: HashBuiltin*}(index: felt, before: felt, after: felt, n_pairs: felt) -> (node: Node) {
    struct Frame {
        place: HashBuiltin*,
        before: felt,
        after: felt,
        n_pairs: felt,
        index: felt,
    }
    tempvar start = Frame(place=pedersen_ptr, before=before, after=after, n_pairs=n_pairs, index=index);

    next_pair:
    let frame = cast(ap - Frame.SIZE, Frame*);
    let first_before = frame.place;
    let first_after = frame.place + HashBuiltin.SIZE;
    let second_before = frame.place + 2 * HashBuiltin.SIZE;
    let second_after = frame.place + 3 * HashBuiltin.SIZE;
    %{
        turns = ids.frame.index % 4
        memory[ids.first_before.address_ + 1 - turns % 2] = tree.sibling()
        memory[ids.second_before.address_ + 1 - turns // 2] = tree.sibling()
        memory[ap] = turns // 2
    %}
    jmp then_right if [ap] != 0, ap++;
    %{ memory[ap] = turns % 2 %}
    jmp right_then_left if [ap] != 0, ap++;
    assert first_before.x = frame.before;
    assert first_after.x = frame.after;
    assert first_after.y = first_before.y;
    assert second_before.x = first_before.result;
    assert second_after.x = first_after.result;
    assert second_after.y = second_before.y;
    let next = cast(ap, Frame*);
    next.place = frame.place + 4 * HashBuiltin.SIZE, ap++;
    next.before = second_before.result, ap++;
    next.after = second_after.result, ap++;
    next.n_pairs = frame.n_pairs - 1, ap++;
    next.index = frame.index / 4, ap++;
    jmp next_pair if next.n_pairs != 0;
    jmp done;

    right_then_left:
    assert first_before.y = frame.before;
    assert first_after.y = frame.after;
    assert first_after.x = first_before.x;
    assert second_before.x = first_before.result;
    assert second_after.x = first_after.result;
    assert second_after.y = second_before.y;
    tempvar rest = frame.index - 1;
    let next = cast(ap, Frame*);
    next.place = frame.place + 4 * HashBuiltin.SIZE, ap++;
    next.before = second_before.result, ap++;
    next.after = second_after.result, ap++;
    next.n_pairs = frame.n_pairs - 1, ap++;
    next.index = rest / 4, ap++;
    jmp next_pair if next.n_pairs != 0;
    jmp done;

    then_right:
    %{ memory[ap] = turns % 2 %}
    jmp right_then_right if [ap] != 0, ap++;
    assert first_before.x = frame.before;
    assert first_after.x = frame.after;
    assert first_after.y = first_before.y;
    assert second_before.y = first_before.result;
    assert second_after.y = first_after.result;
    assert second_after.x = second_before.x;
    tempvar rest = frame.index - 2;
    let next = cast(ap, Frame*);
    next.place = frame.place + 4 * HashBuiltin.SIZE, ap++;
    next.before = second_before.result, ap++;
    next.after = second_after.result, ap++;
    next.n_pairs = frame.n_pairs - 1, ap++;
    next.index = rest / 4, ap++;
    jmp next_pair if next.n_pairs != 0;
    jmp done;

    right_then_right:
    assert first_before.y = frame.before;
    assert first_after.y = frame.after;
    assert first_after.x = first_before.x;
    assert second_before.y = first_before.result;
    assert second_after.y = first_after.result;
    assert second_after.x = second_before.x;
    tempvar rest = frame.index - 3;
    let next = cast(ap, Frame*);
    next.place = frame.place + 4 * HashBuiltin.SIZE, ap++;
    next.before = second_before.result, ap++;
    next.after = second_after.result, ap++;
    next.n_pairs = frame.n_pairs - 1, ap++;
    next.index = rest / 4, ap++;
    jmp next_pair if next.n_pairs != 0;

    done:
    let last = cast(ap - Frame.SIZE, Frame*);
    let pedersen_ptr = last.place;
    return (node=Node(index=last.index, before=last.before, after=last.after));
}
