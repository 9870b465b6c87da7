"""Random zones and random questions, asked of Resolute, NSD, Knot and BIND; every difference is explained or a fault.

`python -m tests.interop.differential --questions 200000` is the long run; `test_differential.py` is the short one.

```
draw ─► zones (shapes) ─► servers start on the same files ─► questions ─► ask all four ─► compare ─► report
                                                                                        │
                                                             exceptions: what was chosen where the peers differ
```
A seed repeats a run; seed and number of a round repeat that round alone. What differs is cut down (`shrink`) to the
lines of zone file that matter.
"""
