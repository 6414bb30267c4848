"""The demonstration, `balie demo`: real mails become tickets, live through weeks in minutes, and the books are checked.

The books are all records of the tickets: rows, histories, clocks and mails, which must agree.
"""
