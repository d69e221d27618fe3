--
-- information_schema tells what of the SQL standard is there. Features that PostgreSQL 15 has and Woolly does not are told as they
-- are (initdb/sql/sql_features.txt marks them), so is_supported is compared for the others only.
--
select count(*), count(distinct feature_id), count(is_verified_by) from information_schema.sql_features;
select left(feature_id, 2), count(*), md5(string_agg(concat_ws('|', feature_id, feature_name, sub_feature_id, sub_feature_name, comments), ',' order by feature_id, sub_feature_id)) from information_schema.sql_features group by 1 order by 1;
select feature_id, feature_name, sub_feature_id, sub_feature_name, is_supported, is_verified_by, comments from information_schema.sql_features where feature_id in ('E021', 'F671', 'S091', 'T621') order by 1, 3;
select left(feature_id, 2), count(*) filter (where is_supported = 'YES'), count(*) filter (where is_supported = 'NO')
from information_schema.sql_features
where feature_id !~ '^X' and feature_id not in ('E152', 'F312', 'F313', 'F314', 'F690', 'S211', 'T133', 'T211', 'T212', 'T213', 'T321', 'T323', 'T325', 'T521', 'T523', 'T525', 'T613', 'T651', 'T653', 'T831', 'T832', 'T833', 'T834', 'T835', 'T836', 'T837')
group by 1 order by 1;
select feature_id, sub_feature_id from information_schema.sql_features where is_supported not in ('YES', 'NO') or feature_id is null;
select * from information_schema.sql_parts order by feature_id::int;
select * from information_schema.sql_sizing order by sizing_id;
select * from information_schema.sql_implementation_info where implementation_info_name <> 'DBMS VERSION' order by implementation_info_id::int;
