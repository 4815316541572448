"""Relations among repositories: each service has one."""

from collections.abc import Iterator

from opsdash.config.finding import Finding, Raw, tables, word


def check_repositories(raw: Raw) -> Iterator[Finding]:
    """Yield each repository whose service has another one already."""
    first: dict[str, int] = {}
    for index, entry in tables(raw, "repository"):
        service = word(entry, "service")
        if service in first:
            yield Finding(
                ("repository", index, "service"),
                f"{service!r} has repository[{first[service]}] already",
                "take one out",
            )
        elif service:
            first[service] = index
