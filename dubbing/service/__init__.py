"""The service: jobs that many machines work at, none of which may be needed to end them.

What exists is in the artifact store, what is asked for and what is being done is in the database, and a
broker, where there is one, only wakes workers up. So whoever looks can see what is to be done next, and
whoever dies leaves nothing that another can't take up.
"""
