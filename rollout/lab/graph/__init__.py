"""A Microsoft 365 tenant of the lab: token endpoint and Microsoft Graph v1.0, over real HTTPS.

It answers the calls that the product makes as the service does, delays, quotas, conflicts and
doubtful answers included. What it does not model it refuses with 501 and says so; it never
answers as if it had understood.
"""
