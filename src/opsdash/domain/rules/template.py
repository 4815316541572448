"""Templates of labels and annotations, as Prometheus expands them (rules/alerting.go, template/)."""

from collections.abc import Mapping
from dataclasses import dataclass

from opsdash.domain.rules.functions import NAMES, REFUSED, functions
from opsdash.domain.rules.gotext.execute import execute
from opsdash.domain.rules.gotext.lex import TemplateError
from opsdash.domain.rules.gotext.nodes import Tree
from opsdash.domain.rules.gotext.parse import parse
from opsdash.domain.rules.gotext.values import ExecutionError, Map, Struct, Value

__all__ = ["Template", "TemplateData", "TemplateError", "parse_template"]

_PREFIX = (
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    "{{$externalURL := .ExternalURL}}{{$value := .Value}}"
)
"""What Prometheus writes before every template: columns in its errors count it."""

_TYPE = (
    "struct { Labels map[string]string; ExternalLabels map[string]string;"
    " ExternalURL string; Value float64 }"
)


@dataclass(frozen=True, slots=True)
class TemplateData:
    """What a template is expanded for: a sample's labels and value, at unix seconds `at`."""

    labels: Mapping[str, str]
    value: float
    at: float = 0.0
    external_labels: Mapping[str, str] | None = None
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read; `alert` is the name of its rule, which errors tell."""

    alert: str
    text: str
    tree: Tree | None

    def expand(self, data: TemplateData) -> str:
        """Return the text for `data`; an error becomes part of it, as in Prometheus."""
        if self.tree is None:
            return self.text
        name = f"__alert_{self.alert}"
        fields: dict[str, Value] = {
            "Labels": Map(data.labels),
            "ExternalLabels": Map(data.external_labels or {}),
            "ExternalURL": data.external_url,
            "Value": data.value,
        }
        variables = dict(zip(_VARIABLES, fields.values(), strict=True))
        known = functions(data.external_url, data.at)
        try:
            return execute(self.tree, known, name, _PREFIX, Struct(fields, _TYPE), variables)
        except (ExecutionError, RecursionError) as error:
            return f"<error expanding template: error executing template {name}: {error}>"


_VARIABLES = ("$labels", "$externalLabels", "$externalURL", "$value")


def parse_template(alert: str, text: str) -> Template:
    """Return the template in `text`; raise TemplateError with its own line for what is wrong."""
    if "{{" not in text:
        return Template(alert, text, None)
    return Template(alert, text, parse(text, NAMES, _VARIABLES, REFUSED))
