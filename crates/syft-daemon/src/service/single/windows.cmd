@echo off
rem @MARKER@
rem To be run as administrator.
sc.exe create "@NAME@" binPath= "@COMMAND@" start= delayed-auto DisplayName= "@NAME@"
sc.exe description "@NAME@" "@DESCRIPTION@"
sc.exe failure "@NAME@" reset= 3600 actions= restart/5000/restart/5000/restart/60000
sc.exe start "@NAME@" && exit /b 0

rem Windows ends a program with error 1053 that does not answer as a service does. NSSM answers in
rem its place: https://nssm.cc/download
sc.exe delete "@NAME@"
nssm.exe install "@NAME@" "@PROGRAM@"
nssm.exe set "@NAME@" Application "@PROGRAM@"
nssm.exe set "@NAME@" AppParameters "@PARAMETERS@"
nssm.exe set "@NAME@" DisplayName "@NAME@"
nssm.exe set "@NAME@" Description "@DESCRIPTION@"
nssm.exe set "@NAME@" Start SERVICE_DELAYED_AUTO_START
nssm.exe set "@NAME@" AppStopMethodConsole @STOP@
if not exist "C:\ProgramData\@NAME@" mkdir "C:\ProgramData\@NAME@"
nssm.exe set "@NAME@" AppStdout "C:\ProgramData\@NAME@\stdout.log"
nssm.exe set "@NAME@" AppStderr "C:\ProgramData\@NAME@\stderr.log"
nssm.exe start "@NAME@"
