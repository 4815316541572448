"""Go's text/template as rule files use it: read, checked, and executed to the letter.

The language is that of pkg.go.dev/text/template; formatting is pkg.go.dev/fmt's. Only what can
occur in a rule is here: text, numbers, truth values, label maps and times.
"""
