"""Alerting rules as Prometheus has them: the nouns, their templates, and one evaluation as a pure step."""
