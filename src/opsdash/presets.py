"""The indicators that panes have unless the configuration says otherwise.

They fit applications that export `http_requests_total` and `http_request_duration_seconds` under
`job="payments-api"`, `payments_total`, `payment_processing_seconds`, `app_active_users` and
`db_client_operation_duration_seconds`, machines with node_exporter, and a blackbox probe of the
payment processor. An answer that cannot be known is empty, never 0 and never 100 %.
"""

from datetime import timedelta

from opsdash.domain.indicator import Indicator, Unit
from opsdash.domain.setup import PaneSetup, Setup
from opsdash.domain.text import SafeText

_DAY = timedelta(days=1)
_DISK = '{fstype!~"tmpfs|overlay|squashfs|ramfs|fuse.*|nfs.*"}'
_UP = '(max by (job) (up{job="payments-api"}))'

UPTIME = Indicator(
    id="uptime",
    title=SafeText("Uptime 24h"),
    # A day's coverage is counted on a coarse grid: the server pays for this at each refresh.
    query=f"max(avg_over_time({_UP}[24h:15s]) and count_over_time({_UP}[24h:5m]) >= 0.9 * 288)",
    unit=Unit.RATIO,
    warn=0.995,
    below=True,
    note=SafeText("gaps are left out; empty until 90 % of the 24 h has samples"),
)
"""The share of the last day in which some instance was up (domain: probe series with gaps)."""

USERS = Indicator(
    id="users",
    title=SafeText("Active users"),
    query="sum(app_active_users)",
    unit=Unit.COUNT,
    compare=_DAY,
)
"""Users active now, against the same time yesterday."""

PERFORMANCE = PaneSetup(
    "performance",
    SafeText("Performance"),
    (
        Indicator(
            id="p95",
            title=SafeText("Response p95"),
            query=(
                "histogram_quantile(0.95, sum by (le) "
                '(rate(http_request_duration_seconds_bucket{job="payments-api"}[5m])))'
            ),
            unit=Unit.SECONDS,
            warn=0.3,
            crit=0.5,
            note=SafeText("over 5m; no finer than the histogram's buckets"),
        ),
        Indicator(
            id="error_ratio",
            title=SafeText("Error rate 5m"),
            query=(
                '(sum(rate(http_requests_total{job="payments-api",status=~"5.."}[5m]))'
                " or vector(0)) / "
                '(sum(rate(http_requests_total{job="payments-api"}[5m])) > 0)'
            ),
            unit=Unit.RATIO,
            warn=0.001,
            crit=0.01,
            note=SafeText("answers 5xx among all; empty without traffic"),
            alerts=("HighErrorRate",),
        ),
        Indicator(
            id="transactions",
            title=SafeText("Transactions"),
            query="sum(rate(payments_total[5m]))",
            unit=Unit.RATE,
            compare=_DAY,
            note=SafeText("payment attempts, over 5m"),
        ),
        Indicator(
            id="requests",
            title=SafeText("Requests"),
            query='sum(rate(http_requests_total{job="payments-api"}[5m]))',
            unit=Unit.RATE,
            note=SafeText("HTTP requests, over 5m"),
        ),
    ),
)
"""How the application answers."""

INFRASTRUCTURE = PaneSetup(
    "infrastructure",
    SafeText("Infrastructure"),
    (
        Indicator(
            id="cpu",
            title=SafeText("CPU"),
            query=(
                "1 - avg(sum by (instance, cpu) "
                '(rate(node_cpu_seconds_total{mode=~"idle|iowait|steal"}[5m])))'
            ),
            unit=Unit.RATIO,
            warn=0.8,
            crit=0.9,
            compare=_DAY,
            note=SafeText("mean of all machines; compared with the same time yesterday"),
            alerts=("CPUSaturated",),
        ),
        Indicator(
            id="memory",
            title=SafeText("Memory"),
            query="1 - sum(node_memory_MemAvailable_bytes) / sum(node_memory_MemTotal_bytes)",
            unit=Unit.RATIO,
            warn=0.8,
            crit=0.9,
            note=SafeText("what is not available, of all machines"),
            alerts=("MemoryLeakSuspected",),
        ),
        Indicator(
            id="disk",
            title=SafeText("Disk"),
            query=(
                f"topk(1, (1 - node_filesystem_avail_bytes{_DISK} / "
                f"(node_filesystem_size_bytes{_DISK} > 0)) "
                "and on (instance, device, mountpoint) node_filesystem_readonly == 0)"
            ),
            unit=Unit.RATIO,
            warn=0.8,
            crit=0.9,
            note=SafeText("the fullest writable filesystem"),
            alerts=("DiskWillFill",),
        ),
        Indicator(
            id="database_p95",
            title=SafeText("Database p95"),
            query=(
                "histogram_quantile(0.95, sum by (le) "
                '(rate(db_client_operation_duration_seconds_bucket{job="payments-api"}[5m])))'
            ),
            unit=Unit.SECONDS,
            warn=0.3,
            crit=0.5,
            note=SafeText(
                "queries as the application sees them, over 5m; no finer than the histogram's buckets"
            ),
            alerts=("DatabasePerformanceDegraded",),
        ),
        Indicator(
            id="pods",
            title=SafeText("Pods"),
            query=(
                "sum(kube_deployment_status_replicas_available"
                '{namespace="payments",deployment="payment-service"}) or '
                "sum(kube_deployment_spec_replicas"
                '{namespace="payments",deployment="payment-service"}) or '
                'sum(up{job="payments-api"})'
            ),
            unit=Unit.COUNT,
            crit=1,
            below=True,
            note=SafeText("available replicas; without Kubernetes, instances that are up"),
        ),
    ),
)
"""What the application runs on."""

PAYMENTS = PaneSetup(
    "payments",
    SafeText("Payments"),
    (
        Indicator(
            id="success_ratio",
            title=SafeText("Success 24h"),
            query=(
                '1 - (sum(increase(payments_total{outcome=~"failed|error"}[24h])) or vector(0)) / '
                '(sum(increase(payments_total{outcome!="declined"}[24h])) > 0)'
            ),
            unit=Unit.RATIO,
            warn=0.999,
            crit=0.99,
            below=True,
            note=SafeText("customers' declines are left out"),
            numerator=(
                'sum(increase(payments_total{outcome!="declined"}[24h])) - '
                '(sum(increase(payments_total{outcome=~"failed|error"}[24h])) or vector(0))'
            ),
            denominator='sum(increase(payments_total{outcome!="declined"}[24h]))',
        ),
        Indicator(
            id="failed",
            title=SafeText("Failed 24h"),
            query=(
                'round(sum(increase(payments_total{outcome=~"failed|error"}[24h])) '
                "or 0 * sum(increase(payments_total[24h])))"
            ),
            unit=Unit.COUNT,
            note=SafeText("extrapolated by increase() and rounded"),
            investigate=True,
        ),
        Indicator(
            id="processing",
            title=SafeText("Processing"),
            query=(
                "sum(rate(payment_processing_seconds_sum[5m])) / "
                "(sum(rate(payment_processing_seconds_count[5m])) > 0)"
            ),
            unit=Unit.SECONDS,
            note=SafeText("mean, over 5m"),
        ),
        Indicator(
            id="stripe",
            title=SafeText("Stripe"),
            query='max(probe_success{processor="stripe"})',
            unit=Unit.UP,
            note=SafeText("up while any probe reaches it"),
            alerts=("PaymentGatewayOffline", "PaymentGatewayFlapping"),
        ),
    ),
)
"""What customers pay."""

DEFAULT_PANES = (PERFORMANCE, INFRASTRUCTURE, PAYMENTS)
"""The metric panes, in the order of the screen."""

DEFAULT_SETUP = Setup(panes=DEFAULT_PANES, uptime=UPTIME, users=USERS)
"""What a configuration that only names servers comes to."""
