import asyncio
import logging
import os

from quantloop_trainer.worker import main

asyncio.run(main())
logging.shutdown()
# Temporal's native threads may still call into Python, and abort a process that is taking its interpreter down
os._exit(0)
