// Every form of instruction at least once: all operand sources, results, jumps, calls and increments.
%builtins output

func callee(a, b) -> (sum: felt) {
    return (sum=a + b);
}

func skipped() {
    [ap] = [fp - 1], ap++;
    ret;
}

func main{output_ptr: felt*}() {
    alloc_locals;
    local pointer: felt* = output_ptr;
    local three = 3;
    tempvar x = 5;
    tempvar sum = x + three;
    tempvar product = sum * x;
    tempvar imm = product + 100;
    tempvar scaled = imm * 7;
    tempvar difference = scaled - sum;
    tempvar quotient = difference / 3;
    let (via_call) = callee(quotient, x);
    assert [pointer] = via_call;
    assert [pointer + 1] = [pointer];
    ap += 3;
    [ap] = x, ap++;
    jmp forward;
    [ap] = 999, ap++;

    forward:
    jmp nonzero if [ap - 1] != 0;
    [ap] = 998, ap++;

    nonzero:
    [ap] = 0, ap++;
    jmp wrong if [ap - 1] != 0;
    [ap] = 7, ap++;

    wrong:
    skipped();
    [ap] = [[fp] + 1], ap++;
    [ap - 1] = [[fp] + 2];
    let output_ptr = cast([fp] + 3, felt*);
    return ();
}
