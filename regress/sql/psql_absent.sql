--
-- psql's descriptions of what is not there yet, or has no object of the name: each answers as PostgreSQL does.
--
\dc nope
\dC nope
\dF nope
\dFd nope
\dFp nope
\dFt nope
\dF+ nope
\dx nope
\dx+ nope
\dew
\dew+
\des
\des+
\deu
\deu+
\det
\det+
\dE
\dRp
\dRs
\dRp+
\dRs+
\dX
\dX+
\dO nope
\dO+ nope
\dl
\dy
\dy+
\dL nope
\dA nope
\dA+ nope
\dm
\dP
\dPi
\ddp nope
\dd nope
\do+ nope
\da nope
\dconfig nope
\z nope
