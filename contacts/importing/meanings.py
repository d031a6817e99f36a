"""What a column of a file can mean, beside a field ("field:<key>"): the words that a mapping keeps."""

EMAIL, LANGUAGE, NAME, STATUS, TAGS, WHY, SKIP, NEW = (
    *("email", "language", "name", "status", "tags", "why", "skip", "new"),
)
OPTED_IN_AT, OPTED_IN_IP, CONFIRMED_AT, CONFIRMED_IP = "opted_in_at", "opted_in_ip", "confirmed_at", "confirmed_ip"
LEFT_AT, FIRST, LAST = "left_at", "field:first_name", "field:last_name"
EVIDENCE = (OPTED_IN_AT, OPTED_IN_IP, CONFIRMED_AT, CONFIRMED_IP, LEFT_AT, WHY)
