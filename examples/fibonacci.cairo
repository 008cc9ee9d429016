// Writes n and the n-th Fibonacci number: 0, 1, 1, 2, 3, 5, ... The input says n: {"n": 10}.
%builtins output

func fibonacci(n, a, b) -> (result: felt) {
    if (n == 0) {
        return (result=a);
    }
    return fibonacci(n - 1, b, a + b);
}

func main{output_ptr: felt*}() {
    alloc_locals;
    local n;
    %{ ids.n = program_input["n"] %}
    let (result) = fibonacci(n, 0, 1);
    assert output_ptr[0] = n;
    assert output_ptr[1] = result;
    let output_ptr = output_ptr + 2;
    return ();
}
