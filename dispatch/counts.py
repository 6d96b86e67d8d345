"""What dispatch counts for Prometheus: told and answered, how late the plan is, who waits."""

from prometheus_client import Counter, Gauge, Histogram

told = Counter("tgd_dispatch_told_total", "Attempts to tell", ["destination", "topic"])
answered = Counter("tgd_dispatch_answered_total", "What came back", ["destination", "answer"])
told_s = Histogram(
    "tgd_dispatch_telling_seconds", "One attempt", ["destination"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
heard_answers = Counter(
    "tgd_dispatch_answers_heard_total", "What destinations said by themselves",
    ["destination", "state", "result"],
)  # fmt: skip
plan_late_s = Gauge("tgd_dispatch_plan_late_seconds", "How late the oldest due look is")
oldest_untaken_s = Gauge("tgd_alerts_oldest_untaken_seconds", "Age of the oldest untaken alert")
open_alerts = Gauge("tgd_alerts_open", "Open real alerts")
taken_alerts = Gauge("tgd_alerts_taken", "Open real alerts that a human has taken")
record_away = Gauge("tgd_dispatch_record_away", "1 while the record does not answer")
freed = Counter("tgd_dispatch_leases_freed_total", "Deliveries taken over from dead workers")
faults = Counter("tgd_dispatch_faults_total", "Alerts that could not be planned as usual", ["what"])
blind_alerts = Gauge("tgd_dispatch_blind_alerts", "Alerts told from the spool, not yet on record")
blind_told = Counter(
    "tgd_dispatch_blind_told_total", "Attempts to tell from the spool", ["destination"]
)
blind_unreadable = Gauge(
    "tgd_dispatch_blind_unreadable", "Batches of the spool that dispatch cannot open"
)
blind_ledger_failures = Counter(
    "tgd_dispatch_blind_ledger_failures_total", "Lines of the ledger that could not be written"
)
clock_wrong_s = Gauge(
    "tgd_dispatch_clock_wrong_seconds", "How far the machine's clock is ahead of the one we keep"
)
notices = Counter(
    "tgd_dispatch_notices_told_total", "Attempts to tell a notice", ["destination", "answer"]
)
deadlines = Counter(
    "tgd_dispatch_deadlines_told_total", "Deadlines said to their owner or above",
    ["kind", "escalated"],
)  # fmt: skip
stock_free = Gauge("tgd_stock_free", "Handsets that could be given now", ["pool"])
stock_floor = Gauge("tgd_stock_floor", "Handsets that must always be left", ["pool"])
erased = Counter(
    "tgd_dispatch_erased_total", "What was forgotten on its day: positions, messages, files",
    ["what"],
)  # fmt: skip
