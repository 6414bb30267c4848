"""Reaching Temporal, with the payload converter both sides share."""

import asyncio
from datetime import timedelta

import structlog
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

log = structlog.get_logger(__name__)

CONNECT_RETRY_EVERY = timedelta(seconds=2)


async def connect_temporal(address: str, namespace: str) -> Client:
    """A connected client; waits, saying so in the log, for a Temporal or a namespace that is not there yet."""
    while True:
        try:
            client = await Client.connect(address, namespace=namespace, data_converter=pydantic_data_converter)
            # A new Temporal answers before its namespace is made, and a worker would not survive that.
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
            return client
        except (RuntimeError, RPCError) as error:
            log.warning("temporal is away", address=address, error=str(error))
            await asyncio.sleep(CONNECT_RETRY_EVERY.total_seconds())
