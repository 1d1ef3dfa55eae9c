"""Small helpers of the client."""
