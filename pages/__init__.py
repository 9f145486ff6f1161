"""One file per page: title, form, call, show."""
