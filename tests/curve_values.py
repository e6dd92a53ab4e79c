"""A study of faults to spoil, small enough to run."""

GOOD = """\
name = "small"
title_ja = "小さな検討"
title_en = "A small study"
scenarios = ["drill"]
seeds = 2
city_os = "reference"
[set]
people = 60
duration_h = 0.5
behaviour.leaving.damaged_share = 0.9
[[curve]]
name = "safety"
title_ja = "安否の停止"
title_en = "No safety reports"
start = ["0:05"]
length_min = [0, 5, 10]
[curve.fault]
kind = "outage"
operations = ["reportSafety"]
[[curve]]
name = "late"
title_ja = "遅れ"
title_en = "Late answers"
delay_min = [2]
[curve.fault]
kind = "latency"
districts = ["04"]
[[curve]]
name = "when"
title_ja = "いつ"
title_en = "When"
start = ["0:01", "0:20"]
length_min = 3
[curve.fault]
kind = "stale"
age_s = 60
[[metric]]
name = "arrived"
harm = 1
[[metric]]
name = "t90_s"
harm = 60
"""
