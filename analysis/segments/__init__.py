"""Measures long recordings in segments and joins them to what one measurement in one go would have given.

`plan` chooses where segments begin, at keyframes some seconds before their first own frame. `part` measures one.
`join` puts them together where both sides of a joint stand exactly alike (`analysis.measuring`) and measures what
lies between where they do not, so the numbers are the same whatever the recording is like. `parallel` does all of
it in several processes of this machine; the site does it in jobs.
"""
