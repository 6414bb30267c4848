"""How much of something a desk takes. Intake refuses what is over a limit; the pages say so before it is sent."""

ATTACHMENTS_MAX = 20
"""Most files that one message takes along."""
ATTACHMENT_BYTES_MAX = 25 * 1024 * 1024
SUBJECT_CHARACTERS_MAX = 250
TEXT_CHARACTERS_MAX = 200_000
"""Of one message."""
NOTE_CHARACTERS_MAX = 5_000
"""Of a sentence beside a move: why a ticket is parked, given another priority, declined."""
SURVEY_COMMENT_CHARACTERS_MAX = 5_000
NAME_CHARACTERS_MAX = 200
"""Of a person or an organisation."""
RELEASE_CHARACTERS_MAX = 100
SEARCH_CHARACTERS_MAX = 200
FORM_KEY_CHARACTERS_MAX = 40
"""Of a question's key in a product's form."""
PASSWORD_CHARACTERS_MIN = 10
ACCEPT_LANGUAGE_CHARACTERS_MAX = 1_000
