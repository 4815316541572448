"""The process that runs Apprise for one message: a job as JSON on its input, an answer on its output."""

import json
import logging
import sys


class _Heard(logging.Handler):
    """Keeps what Apprise says of its failures."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line."""
        self.lines.append(record.getMessage())


def send(job: dict[str, str]) -> dict[str, object]:
    """Return whether Apprise brought the message to the service, and what it said if not."""
    import apprise

    heard = _Heard()
    log = logging.getLogger("apprise")
    log.addHandler(heard)
    log.propagate = False
    asset = apprise.AppriseAsset(
        app_id="opsdash", http_redirects=False, interpret_escapes=False, secure_logging=True
    )
    # Each message stands on its own: nothing is kept on the disk between them.
    service = apprise.Apprise.instantiate(job["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return {"sent": False, "unusable": True, "said": "Apprise does not know such a URL"}
    services = apprise.Apprise(asset=asset)
    services.add(service)
    sent = services.notify(
        body=job["body"] or job["title"],
        title=job["title"],
        notify_type=apprise.NotifyType(job["type"]),
        body_format=apprise.NotifyFormat.TEXT,
    )
    return {"sent": bool(sent), "said": " ".join(heard.lines)[:2000]}


def main() -> None:
    """Do the job that is on the input."""
    answer = send(json.loads(sys.stdin.read()))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
