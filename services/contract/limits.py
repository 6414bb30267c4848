"""How much of something a desk takes. Intake refuses what is over a limit; the pages say so before it is sent.

Each limit that two places must agree on, or that people meet, stands here and nowhere else, and the templates know this
module as `limits`. A name ends with what is counted (characters, bytes, a plural) and MAX or MIN; a length of time is a
timedelta.
"""

from datetime import timedelta

# What people write.

SUBJECT_CHARACTERS_MAX = 250
TEXT_CHARACTERS_MAX = 200_000
"""Of one message."""
NOTE_CHARACTERS_MAX = 5_000
"""Of a sentence beside a move: why a ticket is parked, given another priority, declined."""
SURVEY_COMMENT_CHARACTERS_MAX = 5_000
SEARCH_CHARACTERS_MAX = 200
ACCEPT_LANGUAGE_CHARACTERS_MAX = 1_000
"""Of the header of a request."""

# Names, addresses and passwords.

NAME_CHARACTERS_MAX = 200
"""Of a person, organisation, team, product, contract or calendar."""
EMAIL_CHARACTERS_MAX = 254
"""RFC 5321 §4.5.3.1.3, with the erratum: a path of 256 less its angle brackets."""
RELEASE_CHARACTERS_MAX = 100
PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 200

# Tickets.

TICKET_NUMBER_DIGITS_MAX = 9
"""Of a ticket's number as people write it."""
TICKET_NUMBER_CHARACTERS_MAX = TICKET_NUMBER_DIGITS_MAX + 3
"""Of a field for it, which takes `#12` and blanks as well."""
TAGS_MAX = 30
"""Of one ticket."""
TAG_CHARACTERS_MAX = 50
TAGS_CHARACTERS_MAX = TAGS_MAX * (TAG_CHARACTERS_MAX + len(", "))
"""Of a field with several tags."""
BULK_TICKETS_MAX = 50_000
"""Tickets of one bulk."""
POSTPONED_MAX = timedelta(days=366)
"""How far from now an automatic step can be postponed to."""
POSTPONED_BY_LINK_MAX = timedelta(days=30)
"""The same by the link in a reminder. For more, the requester has to write a reply."""
SNOOZED_MAX = timedelta(days=366)
OUTAGE_REASON_CHARACTERS_MAX = 500
"""Of why mail could not come in."""

# Files.

ATTACHMENTS_MAX = 20
"""Most files that one message takes along."""
MAILED_ATTACHMENTS_MAX = ATTACHMENTS_MAX - 1
"""Files taken from one mail: the mail itself is kept with its message, as one more file."""
ATTACHMENT_BYTES_MAX = 25 * 1024 * 1024
MAIL_BYTES_MAX = ATTACHMENT_BYTES_MAX
"""The usual limit of mail systems. The original mail is kept as a file, so it may not be larger than one."""
BODY_BYTES_MAX = ATTACHMENT_BYTES_MAX + 2 * 1024 * 1024
"""Of one request to an API: a file and what is around it."""
FORM_BYTES_MAX = 50 * 1024 * 1024
"""Of one form of a page, with all its files and its text."""
FILE_NAME_CHARACTERS_MAX = 200

# The form of a product: what a ticket about it is asked.

FIELDS_MAX = 30
"""Questions of one form, and so answers of one ticket."""
FIELD_KEY_CHARACTERS_MAX = 40
FIELD_LABEL_CHARACTERS_MAX = 200
"""Of a question, and of each answer there is to choose from."""
FIELD_CHOICES_MAX = 50
FIELD_CHOICES_CHARACTERS_MAX = FIELD_CHOICES_MAX * (FIELD_LABEL_CHARACTERS_MAX + len("\n"))
"""Of the field in which the choices are written, one on each line."""
FIELD_CHARACTERS_MAX = 5_000
"""Of an answer."""

# Teams, contracts and calendars.

TEAM_MEMBERS_MAX = 200
CONTRACT_PRODUCTS_MAX = 100
DURATION_CHARACTERS_MAX = 12
"""Of a field for hours, as in `99999:59:59c`."""
PERCENTS_CHARACTERS_MAX = 60
"""Of a field for the percentages of a promise at which to warn."""
ZONE_CHARACTERS_MAX = 60
"""Of a time zone's name."""
REGION_CHARACTERS_MAX = 100
"""Of the code of a country's part."""
DAY_HOURS_CHARACTERS_MAX = 200
"""Of a field for the working hours of one weekday."""
OWN_DAYS_MAX = 400
"""Days off that a calendar has of its own, and public holidays on which it works all the same."""
OWN_DAYS_CHARACTERS_MAX = OWN_DAYS_MAX * 20
"""Of a field for such days: ten characters each, and room for blanks and blank lines."""

# The help centre.

QUESTION_CHARACTERS_MAX = 500
"""Of what the knowledge base is asked; a ticket's subject is one such question."""
SLUG_CHARACTERS_MAX = 80
"""Of an article's name in addresses."""
TITLE_CHARACTERS_MAX = 200
SUMMARY_CHARACTERS_MAX = 500
MARKDOWN_CHARACTERS_MAX = 100_000
"""Of an article's text in one language."""
OPINION_CHARACTERS_MAX = 5_000
"""Of a reader's comment on an article."""
