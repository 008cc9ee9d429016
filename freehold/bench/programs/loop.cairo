// Nothing but steps: a loop of n turns.

func main() {
    alloc_locals;
    local n;
    %{ ids.n = program_input["n"] %}
    return loop(n);
}

func loop(n) {
    if (n == 0) {
        return ();
    }
    return loop(n - 1);
}
