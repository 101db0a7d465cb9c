"""Scripts that made what the package ships; each says in its docstring how to run it again."""
