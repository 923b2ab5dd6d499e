"""A double of Cloud Storage for the local gcp site: the JSON API and the XML API over one folder.

It keeps Cloud Storage's promises that Lifeboat rests on: generations, preconditions, strong reads after writes,
signed requests only, at most one write a second to one object name, and nothing acknowledged that a kill could undo.
Sources: docs.cloud.google.com/storage/docs, pages json_api, xml-api, request-preconditions, authentication/signatures
and quotas.
"""
