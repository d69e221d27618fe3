-- Assigning to a part of a part: fields of elements, elements of fields, through domains; what is not named stays.

CREATE TYPE part_point AS (x int, y int);
CREATE TYPE part_shape AS (name text, points part_point[], mid part_point, marks int[]);
CREATE DOMAIN part_positive AS part_point CHECK ((value).x > 0);
CREATE TABLE parts (id int PRIMARY KEY, s part_shape, p part_point[], d part_positive[], a int[]);
INSERT INTO parts (id, s.name, s.mid.x, s.points[2].y, s.marks[3]) VALUES (1, 'one', 5, 7, 9);
INSERT INTO parts (id, p[1].x, p[1].y, p[3].y) VALUES (2, 1, 2, 3);
INSERT INTO parts (id, d[1].x) VALUES (3, 4);
INSERT INTO parts (id, d[1].x) VALUES (4, -4);
INSERT INTO parts (id, p[2].x, s.marks[1:2]) VALUES (5, 8, '{1,2}'), (6, 9, '{3,4}');
SELECT * FROM parts ORDER BY id;
UPDATE parts SET s.mid.y = (s).mid.x + 1, s.points[1] = row(1, 1), s.points[2].x = 6 WHERE id = 1;
UPDATE parts SET p[1].y = p[1].y * 10, p[2] = row(0, 0) WHERE id = 2;
UPDATE parts SET d[1].x = CASE WHEN d[1].x = 4 THEN -1 ELSE 1 END WHERE id = 3;
UPDATE parts SET d[1].y = 5 WHERE id = 3;
UPDATE parts SET s.name = NULL, s.marks[2] = NULL WHERE id = 5;
SELECT * FROM parts ORDER BY id;
DROP TABLE parts;
DROP DOMAIN part_positive;
DROP TYPE part_shape, part_point;
