"""Where files lie: below the data folder, or in an S3 bucket that several hosts share.

Every room may use it; it imports none. `shelf` is what rooms call. With a bucket, ``bucket`` speaks to it,
``cache`` is what this host has of it, ``keeper`` takes out of the cache what was removed or replaced elsewhere,
``hosts`` is how hosts tell each other, ``claims`` says who is at work on something, ``checking`` what is wrong.
"""
