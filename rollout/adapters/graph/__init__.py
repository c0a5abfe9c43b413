"""Microsoft Graph: the vendors' kit for signing in and sending, our own batches and retries.

The kit repeats a POST after 503 and 504, which makes twins, and its models cost 300 times the
request; so it is used up to the HTTP answer, and what the answer means is decided here.
"""
