"""Events between services: an outbox in the publisher, a broker, an inbox in the consumer.

A publisher declares `events.Event` models and writes them by `outbox.add` in the transaction of the change that they
tell of; `relay` carries them to the broker. A consumer declares handlers by `consumer.Consumer`; each event takes
effect once, because the handler's work and the event's row in the inbox are one transaction.
"""
