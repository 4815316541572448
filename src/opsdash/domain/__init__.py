"""The field's nouns and rules: pure, standard library only, `now` is always a parameter."""
