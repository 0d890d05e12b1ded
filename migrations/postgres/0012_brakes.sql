-- The brake of a connection, where it is another than the company's.
alter table connections add column brake_members bigint;
alter table connections add column brake_percent bigint;
