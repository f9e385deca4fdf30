import asyncio

from quantloop_trainer.worker import main

asyncio.run(main())
