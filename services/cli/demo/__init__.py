"""The demonstration: real mails through weeks of desk life in minutes, and the books checked. `balie demo`."""
