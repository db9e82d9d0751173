"""From predictions to metrics, comparisons and verdicts."""
