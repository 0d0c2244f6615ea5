"""The API under /api/v1 and the page: the same answers as everywhere else, over HTTP, for those who are signed in.

Every answer comes in the envelope {status, data, meta}, every error as {status, error: {code, message, details}, meta}.
"""
