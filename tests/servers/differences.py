"""differences.py - where a real server does not do what S3 does, with the reason

Each entry names a server, a case (of test_real.c or run.py), the text that the failure must hold,
and why it fails. A case listed here must fail in that very way: if it passes, or fails otherwise,
that is a failure of the run, and the table wants an update.
"""

PLAIN_HTTP = "SSE-C sends the key along, so servers and library refuse it without TLS"

DIFFERENCES = {
}


def known(server, case):
    """(text, reason) of a known difference, or None."""
    return DIFFERENCES.get((server, case))
