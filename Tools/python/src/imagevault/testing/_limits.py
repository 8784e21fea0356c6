"""The fake's bounds: the vault's own, or what it has where no setting says otherwise."""

#: Bytes of the longest upload, unless the fake is told otherwise.
IMAGE_BYTES = 10 << 20
#: Bytes of a frame: damage in the first one is an answer, later damage cuts the body.
FRAME_BYTES = 256 << 10
#: Bytes of an image's name, and of the one that is safe on every disk.
NAME_BYTES = 255
SAFE_NAME_BYTES = 100
#: Rows of a page, and where nobody says.
PAGE_ROWS = 1000
PAGE_ROWS_UNLESS_SAID = 100
#: Letters of a ticket's secret, each of 62: 256 bits.
SECRET_LETTERS = 43

#: Failures that lock, of an actor or of a network.
LOCKING_FAILURES = 5
#: Failures of which the last one delays the next attempt.
DELAYING_FAILURES = 2
#: Seconds for which a failure counts.
FAILURE_SECONDS = 900.0
#: Seconds for which a lock lasts.
LOCK_SECONDS = 900.0
#: Seconds of the first delay; each one after it is twice as long.
DELAY_SECONDS = 1.0
#: A minute's room in a limit of the service's own where a check does not say, and what may be taken at once.
CHECKS_PER_MINUTE = 60
CHECKS_AT_ONCE = 60
