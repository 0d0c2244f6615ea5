"""Sending mail through the mail server of the settings."""

from tillsight.mail.sending import PASSWORD_VARIABLE, SECRET, MailError, send

__all__ = ["PASSWORD_VARIABLE", "SECRET", "MailError", "send"]
