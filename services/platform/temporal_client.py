"""Connects to Temporal, with the payload converter that intake and the workflow worker share."""

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
    """A connected client. Waits, with warnings in the log, until Temporal and the namespace can be reached."""
    while True:
        try:
            client = await Client.connect(address, namespace=namespace, data_converter=pydantic_data_converter)
            # A new Temporal answers before its namespace exists; a worker started then would fail.
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
            return client
        except (RuntimeError, RPCError) as error:
            log.warning("temporal is away", address=address, error=str(error))
            await asyncio.sleep(CONNECT_RETRY_EVERY.total_seconds())
