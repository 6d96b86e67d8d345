"""Every query of the service, named by the question it answers; the only place with SQL."""
