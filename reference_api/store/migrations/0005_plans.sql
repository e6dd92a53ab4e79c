-- Individual evacuation plans, hazard reports, register imports.

-- When the mode of a district, or of a neighbourhood inside it, last changed: lists asked with updated_since look here.
CREATE TABLE mode_change (district TEXT PRIMARY KEY, changed_at_s DOUBLE PRECISION NOT NULL);
