"""A register that looks like a city's some weeks after it began: for trying the pages out, and for their tests.

All of it is invented and made by the services that production uses, moment by moment, so that every licence is sealed
and every act is on record. It goes only where invented people may sign in, which production refuses, and only into a
register that holds nobody else's bodies.
"""

from api.demo_data.filling import LICENCES, fill, planned

__all__ = ["LICENCES", "fill", "planned"]
